"""TensorFlow's side of `bench tfjs`: the same networks, recipes and data path, in TensorFlow's own idiom: an eager step, or the
same step as a tf.function. Usage: train-tensorflow.py NETWORK BATCH THREADS VARIANT IMAGES LABELS, the data as raw bytes ([n, 28, 28] and [n]);
VARIANT is eager or graph."""
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402

network, batch, threads, variant, images_file, labels_file = sys.argv[1:]
batch = int(batch)
tf.config.threading.set_intra_op_parallelism_threads(int(threads))
tf.config.threading.set_inter_op_parallelism_threads(1)
tf.random.set_seed(0)

variables = []


def variable(shape, fans):
    limit = (6 / sum(fans)) ** 0.5 if fans else 0
    made = tf.Variable(tf.random.uniform(shape, -limit, limit))
    variables.append(made)
    return made


def convolution(inputs, outputs, kernel, stride=1, pad=0):
    fans = (inputs * kernel * kernel, outputs * kernel * kernel)
    weight, bias = variable((kernel, kernel, inputs, outputs), fans), variable((outputs,), ())
    padding = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
    return lambda x: tf.nn.bias_add(tf.nn.conv2d(x, weight, stride, padding), bias)


def dense(inputs, outputs):
    weight, bias = variable((inputs, outputs), (inputs, outputs)), variable((outputs,), ())
    return lambda x: tf.nn.bias_add(tf.matmul(x, weight), bias)


def normalization(channels):
    scale, offset = tf.Variable(tf.ones(channels)), variable((channels,), ())
    variables.append(scale)
    mean, variance = tf.Variable(tf.zeros(channels)), tf.Variable(tf.ones(channels))

    def apply(x):
        y, batch_mean, batch_variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=scale, offset=offset, mean=[], variance=[], epsilon=1.001e-5, is_training=True)
        mean.assign_sub(0.1 * (mean - batch_mean))
        variance.assign_sub(0.1 * (variance - batch_variance))
        return y
    return apply


def pool(kind, size, stride, pad=0):
    padding = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
    # Behind a ReLU a padding of zeros is that of a maximum.
    return lambda x: kind(tf.pad(x, padding) if pad else x, size, stride, "VALID")


def flatten(x):
    return tf.reshape(x, (x.shape[0], -1))


def chain(*layers):
    def apply(x):
        for layer in layers:
            x = layer(x)
        return x
    return apply


def lenet5():
    average = pool(tf.nn.avg_pool2d, 2, 2)
    return chain(
        convolution(1, 6, 5, pad=2), tf.sigmoid, average, convolution(6, 16, 5), tf.sigmoid, average,
        flatten, dense(400, 120), tf.sigmoid, dense(120, 84), tf.sigmoid, dense(84, 10))


def resize(size):
    return lambda x: tf.image.resize(x, (size, size))


def dropout(x):
    return tf.nn.dropout(x, 0.5)


def alexnet():
    maximum = pool(tf.nn.max_pool2d, 3, 2)
    return chain(
        resize(224), convolution(1, 96, 11, 4, 1), tf.nn.relu, maximum, convolution(96, 256, 5, 1, 2), tf.nn.relu, maximum,
        convolution(256, 384, 3, 1, 1), tf.nn.relu, convolution(384, 384, 3, 1, 1), tf.nn.relu,
        convolution(384, 256, 3, 1, 1), tf.nn.relu, maximum, flatten,
        dense(6400, 4096), tf.nn.relu, dropout, dense(4096, 4096), tf.nn.relu, dropout, dense(4096, 10))


def residual(inputs, outputs, stride=1):
    body = chain(
        convolution(inputs, outputs, 3, stride, 1), normalization(outputs), tf.nn.relu,
        convolution(outputs, outputs, 3, 1, 1), normalization(outputs))
    shortcut = convolution(inputs, outputs, 1, stride) if inputs != outputs else tf.identity
    return lambda x: tf.nn.relu(body(x) + shortcut(x))


def resnet18():
    blocks = [(64, 64), (64, 64), (64, 128, 2), (128, 128), (128, 256, 2), (256, 256), (256, 512, 2), (512, 512)]
    return chain(
        resize(96), convolution(1, 64, 7, 2, 3), normalization(64), tf.nn.relu, pool(tf.nn.max_pool2d, 3, 2, 1),
        *[residual(*block) for block in blocks], lambda x: tf.reduce_mean(x, (1, 2)), dense(512, 10))


build, learning_rate = {"lenet5": (lenet5, 0.6), "alexnet": (alexnet, 0.01), "resnet18": (resnet18, 0.05)}[network]
model = build()
images = numpy.fromfile(images_file, dtype=numpy.uint8).reshape(-1, 28, 28, 1)
labels = numpy.fromfile(labels_file, dtype=numpy.uint8).astype(numpy.int32)


def update(x, y):
    with tf.GradientTape() as tape:
        logits = model(x)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    for parameter, gradient in zip(variables, tape.gradient(loss, variables)):
        parameter.assign_sub(learning_rate * gradient)
    return loss, tf.reduce_sum(tf.cast(tf.argmax(logits, 1, tf.int32) == y, tf.int32))


step = tf.function(update) if variant == "graph" else update


def batches():
    while True:
        # The last short batch is kept, as in the recipe.
        order = numpy.random.permutation(len(images))
        for begin in range(0, len(order), batch):
            yield order[begin:begin + batch]


order = batches()
device = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
print(json.dumps({"description": f"TensorFlow {tf.__version__} {variant} on the {device}"}), flush=True)
for line in sys.stdin:
    count = 0
    start = time.perf_counter()
    for _ in range(int(line)):
        indices = next(order)
        x = tf.constant(images[indices].astype(numpy.float32) / 255)
        loss, correct = step(x, tf.constant(labels[indices]))
        float(loss), int(correct)
        count += len(indices)
    print(json.dumps({"images": count, "seconds": time.perf_counter() - start}), flush=True)
