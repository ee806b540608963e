/** The import law of docs/architecture.md: who may know whom. Every breach is an error. */
/** Unit specs lie beside their files, and may use what tests use. */
const SPEC = '\\.spec\\.ts$';

const feature = (name, from, allowed) => ({
  name,
  comment: `${name}: see docs/architecture.md, "Who may know whom".`,
  severity: 'error',
  from: { path: from, pathNot: SPEC },
  to: { path: '^src/', pathNot: allowed },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle has no top to read from.',
      from: {},
      to: { circular: true },
    },
    feature('kernel-is-a-leaf', '^src/kernel/', ['^src/kernel/']),
    feature('config-knows-kernel', '^src/config/', ['^src/config/', '^src/kernel/']),
    feature('tracing-is-a-leaf', '^src/tracing/', ['^src/tracing/']),
    feature('data-directory-knows-kernel', '^src/data-directory/', ['^src/data-directory/', '^src/kernel/']),
    feature('auth-knows-kernel', '^src/auth/', ['^src/auth/', '^src/kernel/']),
    feature('sqlite-is-a-leaf', '^src/sqlite/', ['^src/sqlite/']),
    feature('database-knows-kernel', '^src/database/', ['^src/database/', '^src/kernel/', '^src/sqlite/']),
    feature('http-knows-kernel', '^src/http/', ['^src/http/', '^src/kernel/']),
    feature('data-manager-knows-kernel', '^src/data-manager/', [
      '^src/data-manager/',
      '^src/kernel/',
      '^src/tracing/',
      '^src/http/',
      '^src/sqlite/',
    ]),
    feature('execution-knows-kernel-and-data-manager', '^src/execution/', [
      '^src/execution/',
      '^src/kernel/',
      '^src/tracing/',
      '^src/data-manager/index\\.ts$',
      '^src/data-manager/file-store\\.ts$',
    ]),
    feature('jobs-knows-ports', '^src/jobs/', [
      '^src/jobs/',
      '^src/kernel/',
      '^src/tracing/',
      '^src/http/',
      '^src/database/',
      '^src/auth/(auth\\.port|caller\\.guard|credentials)\\.ts$',
      '^src/data-manager/file-(access|callers\\.port|errand|store)\\.ts$',
      '^src/execution/[^/]+\\.port\\.ts$',
    ]),
    feature('health-knows-ports', '^src/health/', [
      '^src/health/',
      '^src/kernel/',
      '^src/http/',
      '\\.port\\.ts$',
    ]),
    feature('metrics-knows-ports', '^src/metrics/', [
      '^src/metrics/',
      '^src/kernel/',
      '^src/http/',
      '\\.port\\.ts$',
    ]),
    feature('doctor-examines-all-but-config', '^src/doctor/', [
      '^src/doctor/',
      '^src/kernel/',
      '^src/database/',
      '^src/jobs/',
      '^src/data-manager/',
      '^src/execution/',
    ]),
    {
      name: 'nobody-imports-the-doctor',
      comment: 'He looks at what features keep to themselves; none of them may count on him.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/doctor/' },
      to: { path: '^src/doctor/' },
    },
    {
      name: 'nobody-imports-the-top',
      comment: 'The module files at the top assemble; only entry points import them.',
      severity: 'error',
      from: { path: '^src/[^/]+/' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'child-process-in-runner-only',
      comment: 'The server starts no process: the launcher in execution/runner does.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/execution/runner/', SPEC] },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'bullmq-in-queue-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/execution/queue/' },
      to: { path: 'node_modules/bullmq' },
    },
    {
      name: 'validation-libraries-in-http-only',
      comment: 'Must, MayBeAbsent and Given are what a compiled DTO knows of: see http/compiled-dto.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/http/', SPEC] },
      to: { path: 'node_modules/class-(validator|transformer)' },
    },
    {
      name: 'src-never-imports-test',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: '^(test|bench)/' },
    },
    { name: 'nothing-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependency-in-src',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js'],
    },
  },
};
