export default {
  // The worker loads its training part only when it is asked for.
  worker: { format: 'es' },
}
