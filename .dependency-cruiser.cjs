// Who may import whom (ARCHITECTURE.md, "Folders"); `npm run check` fails on a violation.
const folder = (name) => `^src/${name}/`;
/** The files of src/domain that are one chapter each. */
const chapters =
  '^src/domain/(ownership/protection|database/database|credentials/(credentials|access)|backup/backup|drill/drill|redaction/redaction|promotion/promotion|extras/extras|roles/roles)[.]ts$';
const only = (name, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: folder(name), pathNot: '[.]test[.]ts$|/testing[^/]*[.]ts$' },
  to: { path: '^src/', pathNot: [folder(name), ...allowed] },
});
const shared = '^src/api/(kubernetes|clock|text)[.]ts$';

module.exports = {
  forbidden: [
    only('api', [], 'types and tables that everybody may use depend on nothing'),
    only('domain', ['^src/api/'], 'the pure core knows types only'),
    only('model', ['^src/(api|domain)/'], 'the checker knows what it checks, and no I/O'),
    only('kube', [shared], 'Kubernetes I/O knows no databases'),
    only('runtime', [shared], 'queue, log and metrics know neither'),
    only('postgres', ['^src/api/'], 'a login knows no Kubernetes'),
    only('controller', ['^src/(api|domain|kube|runtime)/'], 'the controller uses them all'),
    {
      name: 'config',
      comment: 'settings are types and tables of the domain',
      severity: 'error',
      from: { path: '^src/(config|stores-file)[.]ts$' },
      to: { path: '^src/', pathNot: '^src/(domain/|stores-file[.]ts$)' },
    },
    {
      name: 'chapters-are-combined-in-decide',
      comment: 'a chapter gets what it needs of an earlier one as an argument; nobody else calls it',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/domain/decide[.]ts$|${chapters}|[.]test[.]ts$` },
      to: { path: chapters },
    },
    {
      name: 'diagnosis-looks-at-the-database',
      comment: 'why a database does not come up depends neither on credentials nor on backups',
      severity: 'error',
      from: { path: '^src/domain/diagnosis/', pathNot: '[.]test[.]ts$' },
      to: { path: '^src/domain/(credentials|backup)/' },
    },
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
      comment: 'no I/O in the core and its model; node:crypto is there for hashes',
      severity: 'error',
      from: { path: '^src/(domain|api|model)/', pathNot: '[.]test[.]ts$|/testing[^/]*[.]ts$' },
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
      from: { path: '^src/', pathNot: '^src/model/|[.]test[.]ts$|/testing[^/]*[.]ts$' },
      to: { path: '^src/model/' },
    },
    {
      name: 'no-cycles',
      comment: 'types included',
      severity: 'error',
      from: { path: '^(src|hack|e2e)/' },
      to: { circular: true },
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
