export default async function teardown() {
  const { endTestRun } = await import('../dist/test-run.js');
  await endTestRun();
}
