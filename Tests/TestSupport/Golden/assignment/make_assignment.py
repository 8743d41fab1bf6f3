"""Pairings of rows and columns at the least cost, by scipy's linear_sum_assignment.

Run in this folder: python make_assignment.py.
Made with scipy 1.17.1, numpy 2.4.6.
shapes [cases, 2]; costs: all matrices one after the other, row-major; columns: for each row of each case its
column, -1 without one. Two thirds of the cases are full of ties.
"""

import sys

sys.path.insert(0, "..")
import numpy
import scipy
from scipy.optimize import linear_sum_assignment

from golden_weights import Fixture, golden, hashes

SIZES = [(1, 1), (1, 6), (6, 1), (4, 4), (7, 5), (5, 7), (9, 9), (12, 3), (3, 12), (10, 20), (20, 10)]


def main():
    fixture = Fixture()
    shapes, costs, columns = [], [], []
    for repeat in range(12):
        for size in SIZES + ([(100, 7), (40, 60)] if repeat < 3 else []):
            name = f"assignment.{repeat}.{size[0]}x{size[1]}"
            if repeat % 3 == 0:
                cost = golden(name, size, 5.0)
            else:
                # Small whole numbers: nearly everything ties.
                levels = 2 if repeat % 3 == 1 else 4
                whole = hashes(name, size[0] * size[1]) >> numpy.uint64(40)
                cost = (whole % numpy.uint64(levels)).astype(numpy.float32).reshape(size)
            row, column = linear_sum_assignment(cost)
            assert (numpy.diff(row) > 0).all()
            found = numpy.full(size[0], -1)
            found[row] = column
            shapes.append(size)
            costs.append(cost.reshape(-1))
            columns.append(found)
    fixture.integers("shapes", shapes)
    fixture.add("costs", numpy.concatenate(costs))
    fixture.integers("columns", numpy.concatenate(columns))
    fixture.note("scipy", scipy.__version__)
    fixture.save("assignment.safetensors")


if __name__ == "__main__":
    main()
