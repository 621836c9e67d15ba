/** Runs as soon as it is here, before the page is laid out: the network is on its way while that is done. */
import { preload } from 'mnist-digit'

preload()
