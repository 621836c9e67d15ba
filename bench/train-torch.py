"""PyTorch's side of `bench train`: the same networks, recipes and data path, in PyTorch's own idiom. Usage:
train-torch.py NETWORK BATCH THREADS VARIANT IMAGES LABELS, the data as raw bytes ([n, 28, 28] and [n]); VARIANT is eager, channels_last or compile.
It runs on BENCH_DEVICE, cpu or cuda."""
import json
import os
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

network, batch, threads, variant, images_file, labels_file = sys.argv[1:]
batch = int(batch)
torch.set_num_threads(int(threads))
torch.manual_seed(0)


def lenet(kernel=5, channels=(6, 16), activation=nn.Sigmoid, flat=400):
    return nn.Sequential(
        nn.Conv2d(1, channels[0], kernel, padding=2), activation(), nn.AvgPool2d(2, 2),
        nn.Conv2d(channels[0], channels[1], kernel), activation(), nn.AvgPool2d(2, 2),
        nn.Flatten(), nn.Linear(flat, 120), activation(), nn.Linear(120, 84), activation(), nn.Linear(84, 10))


def shallow():
    return nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2, 2), nn.Flatten(), nn.Linear(3136, 10))


def alexnet():
    return nn.Sequential(
        nn.Conv2d(1, 96, 11, stride=4, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Flatten(), nn.Linear(6400, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(4096, 10))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet18():
    blocks = [(64, 64), (64, 64), (64, 128, 2), (128, 128), (128, 256, 2), (256, 256), (256, 512, 2), (512, 512)]
    return nn.Sequential(
        nn.Conv2d(1, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        *[Residual(*block) for block in blocks], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


NETWORKS = {
    "lenet5": (lenet, 28, 0.6),
    "lenet5-01": (lambda: lenet(kernel=3, flat=576), 28, 0.6),
    "lenet5-02": (lambda: lenet(channels=(3, 8), flat=200), 28, 0.6),
    "lenet5-03": (lambda: lenet(activation=nn.ReLU), 28, 0.6),
    "lenet5-04": (shallow, 28, 0.6),
    "alexnet": (alexnet, 224, 0.01),
    "resnet18": (resnet18, 96, 0.05),
}

build, size, learning_rate = NETWORKS[network]
model = build()
for layer in model.modules():
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(layer.weight)
memory = torch.channels_last if variant == "channels_last" else torch.contiguous_format
device = os.environ.get("BENCH_DEVICE", "cpu")
model = model.to(device, memory_format=memory)
compiled = torch.compile(model) if variant == "compile" else model
images = torch.from_numpy(numpy.fromfile(images_file, dtype=numpy.uint8).reshape(-1, 1, 28, 28)).to(device)
labels = torch.from_numpy(numpy.fromfile(labels_file, dtype=numpy.uint8).astype(numpy.int64)).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
criterion = nn.CrossEntropyLoss()


def batches():
    while True:
        # The last short batch is kept, as in the recipe.
        yield from torch.randperm(len(images), device=device).split(batch)


def step(indices):
    x = images[indices].float() / 255
    if size != 28:
        x = functional.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)
    x = x.contiguous(memory_format=memory)
    optimizer.zero_grad()
    logits = compiled(x)
    loss = criterion(logits, labels[indices])
    loss.backward()
    optimizer.step()
    return loss.item(), (logits.argmax(1) == labels[indices]).sum().item()


order = batches()
where = "" if device == "cpu" else f" on {torch.cuda.get_device_name()}"
print(json.dumps({"description": f"PyTorch {torch.__version__} {variant}{where}"}), flush=True)
for line in sys.stdin:
    count = 0
    start = time.perf_counter()
    for _ in range(int(line)):
        indices = next(order)
        step(indices)
        count += len(indices)
    print(json.dumps({"images": count, "seconds": time.perf_counter() - start}), flush=True)
