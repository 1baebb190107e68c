"""Trains a random forest on handwritten digits and prints its accuracy."""

import argparse

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--trees", type=int, default=20)
parser.add_argument("--depth", type=int, default=6)
parser.add_argument("--criterion", choices=["gini", "entropy"], default="gini")
arguments = parser.parse_args()

pixels, digits = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(pixels, digits, random_state=0)
forest = RandomForestClassifier(
    n_estimators=arguments.trees,
    max_depth=arguments.depth,
    criterion=arguments.criterion,
    random_state=0,
)
forest.fit(train_x, train_y)
print(f"accuracy={forest.score(test_x, test_y):.4f}")
