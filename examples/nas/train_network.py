"""Trains the network of an architecture on handwritten digits and prints its accuracy.

Reads what Katib's ENAS programs read: `architecture` has a row for each layer, of the number of its
operation and then, for the image and each layer before the one just before, whether that is an
input too; `nn_config` says what the numbers mean. The operations here are `dense` (units, activation) and `identity`.
"""

import argparse
import json

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# Each activation with its derivative, in terms of its output.
ACTIVATIONS = {
    "relu": (lambda x: np.maximum(x, 0.0), lambda y: (0.0 < y).astype(float)),
    "tanh": (np.tanh, lambda y: 1.0 - y * y),
}


class Dense:
    def __init__(self, inputs, units, activation, chance):
        self.weights = chance.normal(0.0, np.sqrt(2.0 / inputs), (inputs, units))
        self.biases = np.zeros(units)
        self.activate, self.slope = ACTIVATIONS.get(activation, (lambda x: x, np.ones_like))
        self.width = units

    def forward(self, x):
        self.x = x
        self.y = self.activate(x @ self.weights + self.biases)
        return self.y

    def backward(self, gradient, rate):
        gradient = gradient * self.slope(self.y)
        before = gradient @ self.weights.T
        self.weights -= rate * self.x.T @ gradient
        self.biases -= rate * gradient.sum(axis=0)
        return before


class Identity:
    def __init__(self, inputs):
        self.width = inputs

    def forward(self, x):
        return x

    def backward(self, gradient, rate):
        return gradient


class Network:
    def __init__(self, architecture, config, chance):
        widths = [config["input_sizes"][0]]
        self.sources, self.layers = [], []
        for i, (operation, *skips) in enumerate(architecture):
            # What is just before, and what else is connected; 0 is the image.
            sources = [i] + [j for j, skip in enumerate(skips) if skip]
            inputs = sum(widths[j] for j in sources)
            chosen = config["embedding"][str(operation)]
            parameters = chosen["opt_params"]
            layer = (
                Dense(inputs, int(parameters["units"]), parameters["activation"], chance)
                if chosen["opt_type"] == "dense"
                else Identity(inputs)
            )
            self.sources.append(sources)
            self.layers.append(layer)
            widths.append(layer.width)
        self.last = Dense(widths[-1], config["output_sizes"][-1], "none", chance)

    def forward(self, x):
        outputs = [x]
        for sources, layer in zip(self.sources, self.layers):
            outputs.append(layer.forward(np.concatenate([outputs[j] for j in sources], axis=1)))
        self.outputs = outputs
        return self.last.forward(outputs[-1])

    def step(self, x, y, rate):
        logits = self.forward(x)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        shares[np.arange(len(y)), y] -= 1.0
        gradients = [np.zeros_like(output) for output in self.outputs]
        gradients[-1] += self.last.backward(shares / len(y), rate)
        for i in reversed(range(len(self.layers))):
            gradient = self.layers[i].backward(gradients[i + 1], rate)
            start = 0
            for j in self.sources[i]:
                width = self.outputs[j].shape[1]
                gradients[j] += gradient[:, start : start + width]
                start += width


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--nn_config", required=True)
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()
    architecture = json.loads(arguments.architecture.replace("'", '"'))
    config = json.loads(arguments.nn_config.replace("'", '"'))

    pixels, digits = load_digits(return_X_y=True)
    split = train_test_split(pixels / 16.0, digits, random_state=0)
    train_x, test_x, train_y, test_y = split
    chance = np.random.default_rng(0)
    network = Network(architecture, config, chance)
    for _ in range(arguments.epochs):
        order = chance.permutation(len(train_x))
        for batch in np.array_split(order, len(order) // 32):
            network.step(train_x[batch], train_y[batch], rate=0.1)
    accuracy = np.mean(network.forward(test_x).argmax(axis=1) == test_y)
    print(f"accuracy={accuracy:.4f}")


main()
