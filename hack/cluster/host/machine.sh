#!/bin/bash
# First process of a cluster's own namespaces (mount, network, pid): builds a root of its own, so that nothing that a component writes
# outside the cluster's state can stay on the machine, and then collects orphans. The kernel ends all of it when this process ends.
# Usage: machine.sh STATE FOLDER...
#   STATE   the cluster's state directory, absolute
#   FOLDER  what the components find at the same path as outside: the folder that holds STATE, and those with the programs
set -euo pipefail
umask 022

state=$1
shift
root=$state/root

mkdir -p "$root" "$state/volumes" "$state/log/pods"
mount -t tmpfs -o mode=755 tmpfs "$root"

# The machine's programs and their configuration; nothing of the machine's data.
for folder in usr etc bin sbin lib lib64 lib32 libx32; do
  if [ -L "/$folder" ]; then
    cp -P "/$folder" "$root/$folder"
  elif [ -d "/$folder" ]; then
    mkdir "$root/$folder"
    mount --rbind "/$folder" "$root/$folder"
    mount -o remount,bind,ro "$root/$folder"
  fi
done

mkdir -p "$root"/{dev,proc,sys,run,root,old-root} "$root"/var/{lib,tmp} "$root/var/log/pods"
mkdir -m 1777 "$root/tmp"
ln -s ../run "$root/var/run"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
# sysfs again, since it shows the network devices of the namespace that it is mounted from.
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"

# The kubelet sets these for the whole machine unless they already are as it wants them: let it see what it wants.
setting() {
  if [ -e "/proc/sys/$1" ]; then
    file=$root/run/sysctl-${1//\//-}
    echo "$2" >"$file"
    mount --bind "$file" "$root/proc/sys/$1"
  fi
}
setting vm/overcommit_memory 1
setting vm/panic_on_oom 0
setting kernel/panic 10
setting kernel/panic_on_oops 1
setting kernel/keys/root_maxkeys 1000000
setting kernel/keys/root_maxbytes 25000000

# Not recursive: this root is itself below one of them.
for folder in "$@"; do
  mkdir -p "$root$folder"
  mount --bind "$folder" "$root$folder"
done

# Paths that cannot be configured and hold more than a memory file system should.
mkdir "$root/tmp/hostpath_pv"
chown 26:26 "$state/volumes" # the controller manager's user
mount --bind "$state/volumes" "$root/tmp/hostpath_pv"
mount --bind "$state/log/pods" "$root/var/log/pods"

cd "$root"
pivot_root . old-root
cd /
umount -l /old-root
rmdir /old-root
# Volumes that a container mounts have to be seen by the others.
mount --make-rshared /

ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward

# This command line says that the machine is complete. Bash collects every orphan; the inner shell only keeps it waiting.
exec bash -c 'while :; do sleep infinity & wait $!; done' cluster-machine "$state"
