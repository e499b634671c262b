// The connection as pg sees it, without pg.
import { once } from 'node:events';
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { LoginError } from './failure.ts';
import { startServer, type TestServer } from './testing.ts';
import { Wire } from './wire.ts';

let server: TestServer;
let socket: Socket;
let closeIt: () => unknown = () => {};
beforeEach(async () => {
  server = await startServer({
    tls: 'N',
    start: (client) => {
      closeIt = () => client.end();
    },
  });
  socket = new Socket().connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
});
afterEach(async () => {
  socket.destroy();
  await server.close();
});

it('is connected already, and sends at once', async () => {
  const noDelay = jest.spyOn(socket, 'setNoDelay');
  const wire = new Wire(socket);
  expect(wire.setNoDelay()).toBe(wire);
  expect(noDelay).toHaveBeenCalledWith(true);
  expect(wire.connect()).toBe(wire);
  await once(wire, 'connect');
});

it('that breaks while nobody listens does no harm', async () => {
  const wire = new Wire(socket);
  socket.destroy(new Error('broken'));
  // Without a listener for errors, which once() would add.
  await new Promise((resolve) => wire.once('close', resolve));
  expect(wire.errored).toEqual(new Error('broken'));
});

it('that was closed before says so', async () => {
  socket.destroy();
  await once(socket, 'close');
  const [error] = await once(new Wire(socket), 'error');
  expect(error).toEqual(new LoginError('broken', 'the connection was closed'));
});

it('that is closed after the goodbye is no error', async () => {
  const wire = new Wire(socket);
  wire.end('goodbye!');
  await once(wire, 'finish');
  closeIt();
  await once(wire, 'close');
  expect(wire.errored).toBeNull();
});
