package import NN
package import Tensors
package import Testing

extension GoldenTensors {
    /// Fails unless every parameter has the gradient `<key>.grad.<path>`, zeros where there is no such entry.
    package func expectGradients(
        of arena: ParameterArena, below key: String, relative tolerance: Double,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var reached = 0
        for entry in arena.entries {
            let gradient = try #require(entry.parameter.leaf.gradient, sourceLocation: sourceLocation)
            let name = "\(key).grad.\(entry.path)"
            if contains(name) {
                reached += 1
                // PyTorch's lone numbers have a dimension of one.
                let own = gradient.shape.isEmpty ? gradient.reshaped([1]) : gradient
                expectClose(
                    own, try tensor(name), relative: tolerance, name, sourceLocation: sourceLocation)
            } else {
                #expect(
                    gradient.values.allSatisfy { $0 == 0 }, "\(name) is not 0", sourceLocation: sourceLocation
                )
            }
        }
        #expect(reached == keys.count { $0.hasPrefix("\(key).grad.") }, sourceLocation: sourceLocation)
    }

    /// Fails unless every parameter has the gradient whose digest is the row of its name in the table `key`,
    /// `<key>.names`, `.positions`, `.samples`, `.norm` and `.sum`, and every row has its parameter.
    /// - untaught: parameters that learn nothing but rounding, which has no digest worth comparing: both
    ///   programs' must be small beside the largest gradient. They may have no row.
    /// - name: the table's name of one of our paths; theirs: its form of a gradient.
    package func expectGradientDigests(
        of arena: ParameterArena, _ key: String, relative tolerance: Double,
        untaught: (_ path: String) -> Bool = { _ in false }, name: (_ path: String) -> String = { $0 },
        theirs: (_ path: String, Tensor) -> Tensor = { $1 }, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let names = try note("\(key).names", as: [String].self)
        let (positions, samples) = (try integers("\(key).positions"), try doubles("\(key).samples"))
        let (norms, sums) = (try doubles("\(key).norm"), try doubles("\(key).sum"))
        let (count, largest) = (positions.count / names.count, norms.max() ?? 0)
        var rows = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        for (path, parameter) in arena.entries.map({ ($0.path, $0.parameter) }) {
            let what = "\(what) gradient \(path)"
            let gradient = try #require(parameter.leaf.gradient, "\(what)", sourceLocation: sourceLocation)
            let row = rows.removeValue(forKey: name(path))
            if untaught(path) {
                let norm = Elementwise.sumOfSquares(gradient).squareRoot()
                #expect(norm < 1e-6 * largest, "\(what)", sourceLocation: sourceLocation)
                if let row { #expect(norms[row] < 1e-9 * largest, "\(what)", sourceLocation: sourceLocation) }
                continue
            }
            let i = try #require(row, "\(what) has no row of its own", sourceLocation: sourceLocation)
            let columns = (i * count)..<((i + 1) * count)
            expectDigest(
                theirs(path, gradient), positions: Array(positions[columns]),
                samples: Array(samples[columns]), norm: norms[i], sum: sums[i], relative: tolerance, what,
                sourceLocation: sourceLocation)
        }
        #expect(rows.isEmpty, "\(what) rows without parameters", sourceLocation: sourceLocation)
    }
}
