// Who may import whom (ARCHITECTURE.md, "Rooms"); `npm run check` fails on a breach.
const room = (name) => `^src/${name}/`;
const only = (name, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: room(name), pathNot: '[.]test[.]ts$|/testing[^/]*[.]ts$' },
  to: { path: '^src/', pathNot: [room(name), ...allowed] },
});
const shared = '^src/api/(kubernetes|clock)[.]ts$';

module.exports = {
  forbidden: [
    only('api', [], 'words depend on nothing'),
    only('domain', ['^src/api/'], 'thought knows words only'),
    only('model', ['^src/(api|domain)/'], 'the checker knows what it checks, and no I/O'),
    only('kube', [shared], 'hands know Kubernetes, not databases'),
    only('runtime', [shared], 'the body knows neither'),
    only('postgres', ['^src/api/', '^src/domain/credentials/login[.]ts$'], 'a login knows words, and no Kubernetes'),
    only('controller', ['^src/(api|domain|kube|runtime)/'], 'the will uses them all'),
    {
      name: 'nobody-imports-main',
      comment: 'what starts the program knows its parts, and no part knows what starts it',
      severity: 'error',
      from: { path: '^(src|hack|e2e)/', pathNot: '^src/main([.]test)?[.]ts$' },
      to: { path: '^src/(main|shell|process)[.]ts$' },
    },
    {
      name: 'process-and-shell-know-no-parts',
      comment: 'what runs is handed in',
      severity: 'error',
      from: { path: '^src/(process|shell)[.]ts$' },
      to: { path: '^src/', pathNot: '^src/(config[.]ts$|runtime/)' },
    },
    {
      name: 'domain-is-pure',
      comment: 'no I/O in thought; node:crypto is there for hashes',
      severity: 'error',
      from: { path: '^src/(domain|api)/', pathNot: '[.]test[.]ts$' },
      to: { dependencyTypes: ['core', 'npm'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'shell-in-one-file',
      severity: 'error',
      from: { path: '^(src|hack|e2e)/', pathNot: '^src/shell[.]ts$' },
      to: { path: '@dot-i/k8s-operator' },
    },
    {
      name: 'client-node-in-kube',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kube/' },
      to: { path: '@kubernetes/client-node' },
    },
    {
      name: 'login-is-handed-in',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(postgres/|main[.]ts$)' },
      to: { path: '^src/postgres/' },
    },
    {
      name: 'pg-in-postgres',
      severity: 'error',
      from: { path: '^(src|hack)/', pathNot: '^src/postgres/' },
      to: { path: '(^|/)(@types/)?pg/' },
    },
    {
      name: 'product-without-harness',
      severity: 'error',
      from: { path: '^src/', pathNot: '[.]test[.]ts$|/testing' },
      to: { path: '^(e2e|hack)/|/testing[^/]*([.]ts$|/)' },
    },
    {
      name: 'commands-without-tests',
      comment: 'the tests stand on the clusters and commands of hack, never the other way round',
      severity: 'error',
      from: { path: '^hack/' },
      to: { path: '^e2e/' },
    },
    {
      name: 'model-is-for-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/model/|[.]test[.]ts$' },
      to: { path: '^src/model/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^(src|hack|e2e)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
