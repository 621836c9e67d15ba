/** What the networks are called. Apart from the networks, so that the command line knows the names without loading tfjs. */
import { UserError } from 'mnist-export'

export const NETWORK_NAMES = [
  'lenet5',
  'lenet5-01',
  'lenet5-02',
  'lenet5-03',
  'lenet5-04',
  'alexnet',
  'resnet18',
] as const

export type NetworkName = (typeof NETWORK_NAMES)[number]

/** Names that stand for several networks, in the order in which they are trained. */
export const NETWORK_GROUPS: Readonly<Record<string, readonly NetworkName[]>> = {
  all: NETWORK_NAMES,
  lenets: NETWORK_NAMES.filter((name) => name.startsWith('lenet5')),
  deep: ['alexnet', 'resnet18'],
}

/** The networks that `names` (of networks and groups) stand for, each once. @throws UserError USAGE for a name that is neither. */
export function expandNetworks(names: readonly string[]): NetworkName[] {
  return [...new Set(names.flatMap((name) => NETWORK_GROUPS[name] ?? [networkName(name)]))]
}

/** @throws UserError USAGE where it is none of the networks. */
export function networkName(name: string): NetworkName {
  const known = NETWORK_NAMES.find((candidate) => candidate === name)
  if (known !== undefined) return known
  const groups = Object.keys(NETWORK_GROUPS).join(', ')
  throw new UserError(
    'USAGE',
    `networks: expected ${NETWORK_NAMES.join(', ')}, or the groups ${groups}, found ${name === '' ? 'an empty name' : name}`,
  )
}
