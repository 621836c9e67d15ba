/** `mnist-infer doctor`: what can run a model here. */
import { UserError } from 'mnist-export/errors'
import { checkProviders, describeMachine, reportText } from '../doctor/index.js'

export async function doctorCommand({ seconds, json }: { seconds: number; json: boolean }): Promise<void> {
  if (!(seconds >= 0)) throw new UserError('USAGE', `--seconds: expected a number from 0 up, found ${seconds}`)
  const report = { machine: await describeMachine(), findings: await checkProviders(seconds) }
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : reportText(report))
}
