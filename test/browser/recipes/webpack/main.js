import 'mnist-digit/define'
