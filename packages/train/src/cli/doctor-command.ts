/** `mnist-train doctor`: what can train and run networks here. */
import { UserError } from 'mnist-export'
import { checkProviders, describeMachine, reportText } from 'mnist-infer/doctor'
import { checkEngines } from '../doctor/engines.js'
import { tensorflowVersions } from '../doctor/tensorflow.js'

export async function doctorCommand({ seconds, json }: { seconds: number; json: boolean }): Promise<void> {
  if (!(seconds >= 0)) throw new UserError('USAGE', `--seconds: expected a number from 0 up, found ${seconds}`)
  const machine = await describeMachine()
  const report = {
    machine: { ...machine, versions: { ...machine.versions, tfjs: '4.22.0', ...(await tensorflowVersions()) } },
    findings: [...(await checkEngines(seconds)), ...(await checkProviders(seconds))],
  }
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : reportText(report))
}
