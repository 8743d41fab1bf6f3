/// Weights under other names and in other layouts: from another program's file to ours and back.
package enum WeightTranslation {
    /// A tensor a model needs.
    package struct Wanted: Sendable {
        package let name: String
        package let shape: [Int]

        package init(name: String, shape: [Int]) { (self.name, self.shape) = (name, shape) }
    }

    /// How often batch norm saw a batch: PyTorch keeps it, nothing reads it.
    private static let counterSuffix = ".num_batches_tracked"
    private static let meanSuffix = ".running_mean"
    private static let firstConvolutions = ["backbone.conv1.weight", "backbone.features.0.0.weight"]

    /// The file's tensors under our names, as 32-bit floats.
    /// - Parameters:
    ///   - wanted: what the model needs; `nil` takes everything the table knows.
    ///   - reversesInputs: whether the file's first convolution reads blue, green, red.
    /// - Returns: only tensors that found their place, and PyTorch's counters beside them.
    package static func imported(
        _ weights: ForeignWeights, _ table: NameTable, wanted: [Wanted]?, reversesInputs: Bool
    ) throws(CheckpointError) -> (entries: [SafetensorsEntry], report: KeyReport) {
        var report = KeyReport()
        var entries: [SafetensorsEntry] = []
        let shapes = wanted.map {
            Dictionary($0.map { ($0.name, $0.shape) }, uniquingKeysWith: { one, _ in one })
        }
        var taken = Set<String>()
        let names = table.stripped(weights.tensors.map(\.name))
        for (tensor, stripped) in zip(weights.tensors, names) {
            guard let stripped, !table.leavesOut(stripped) else {
                report.leftOut.append(tensor.name)
                continue
            }
            guard let (own, change) = table.own(stripped) else {
                report.unexpected.append(tensor.name)
                continue
            }
            if own.hasSuffix(counterSuffix) {
                let mean = own.dropLast(counterSuffix.count) + meanSuffix
                let isWanted = shapes.map { $0[String(mean)] != nil } ?? true
                if isWanted, tensor.elementCount == 1 {
                    entries.append(try tensor.entry(named: own))
                } else {
                    report.leftOut.append(tensor.name)
                }
                continue
            }
            guard shapes == nil || shapes?[own] != nil else {
                if table.isSpare(own) {
                    report.leftOut.append(tensor.name)
                } else {
                    report.unexpected.append(tensor.name)
                }
                continue
            }
            guard taken.insert(own).inserted else {
                throw CheckpointError(
                    .mismatch, path: weights.path, tensor: tensor.name, "is one of two tensors for '\(own)'")
            }
            var changed = change.imported(try floats(tensor, own))
            if let shape = shapes?[own], let given = changed, given.shape != shape,
                let stretched = RelativePositionTable(given)?.stretched(to: shape)
            {
                report.stretched.append(.init(name: own, found: given.shape, wanted: shape))
                changed = stretched
            }
            guard let entry = changed, shapes?[own].map({ $0 == entry.shape }) ?? true else {
                report.reshaped.append(.init(name: own, found: tensor.shape, wanted: shapes?[own] ?? []))
                continue
            }
            let isFirst = reversesInputs && firstConvolutions.contains(own)
            entries.append(isFirst ? entry.withReversedInputs : entry)
            report.matchedCount += 1
        }
        report.missing = (wanted ?? []).map(\.name).filter { !taken.contains($0) }
        return (entries, report)
    }

    /// Our tensors under another program's names.
    /// - addsCounters: whether each batch norm gets the counter PyTorch's has, where the file has kept none.
    package static func exported(
        _ entries: [SafetensorsEntry], _ table: NameTable, addsCounters: Bool, reversesInputs: Bool
    ) -> (entries: [SafetensorsEntry], report: KeyReport) {
        var report = KeyReport()
        var result: [SafetensorsEntry] = []
        let given = Set(entries.map(\.name))
        for entry in entries {
            let isCounter = entry.name.hasSuffix(counterSuffix)
            if isCounter && !addsCounters {
                report.leftOut.append(entry.name)
                continue
            }
            guard let (name, change) = table.foreign(entry.name) else {
                report.unexpected.append(entry.name)
                continue
            }
            let isFirst = reversesInputs && firstConvolutions.contains(entry.name)
            guard let changed = change.exported(isFirst ? entry.withReversedInputs : entry) else {
                report.reshaped.append(.init(name: entry.name, found: entry.shape, wanted: []))
                continue
            }
            result.append(changed.renamed(name))
            if !isCounter { report.matchedCount += 1 }
            if table.placeAxisCount > 0,
                let places = RelativePositionTable(entry)?.places(axisCount: table.placeAxisCount)
            {
                result.append(places.renamed(name.dropLast(RelativePositionTable.suffix.count) + places.name))
            }
            guard addsCounters, entry.name.hasSuffix(meanSuffix) else { continue }
            let counter = entry.name.dropLast(meanSuffix.count) + counterSuffix
            if !given.contains(String(counter)) {
                let zero = [UInt8](repeating: 0, count: 8)
                result.append(
                    SafetensorsEntry(
                        name: name.dropLast(meanSuffix.count) + counterSuffix, dtype: .int64, shape: [],
                        bytes: zero[...]))
            }
        }
        return (result, report)
    }

    private static func floats(_ tensor: ForeignTensor, _ name: String) throws(CheckpointError)
        -> SafetensorsEntry
    {
        let entry = try tensor.entry(named: name)
        if entry.dtype == .float32 { return entry }
        let floats = entry.floats() ?? entry.doubles().map { Float($0) }
        return SafetensorsEntry(name: name, shape: entry.shape, floats: floats)
    }
}

extension SafetensorsEntry {
    /// The same tensor under another name.
    package func renamed(_ name: String) -> SafetensorsEntry {
        SafetensorsEntry(name: name, dtype: dtype, shape: shape, bytes: bytes)
    }
}
