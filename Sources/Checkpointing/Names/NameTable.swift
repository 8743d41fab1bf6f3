/// How the names of another program's model and ours correspond; one table for both directions.
package struct NameTable: Sendable {
    struct Rule: Sendable {
        let foreign: NamePattern
        let own: NamePattern
        let change: TensorChange
        /// Names of older files, which are read but not written.
        let isOld: Bool
    }

    /// Parts of the names that stand in front of all that is wanted, such as `encoder_q.`; the first that
    /// occurs goes.
    let prefixes: [String]
    private let rules: [Rule]
    /// What such files hold beside the model: classifiers, momentum copies, queues.
    private let leftOut: [NamePattern]
    /// Parts, by our names, that a model may do without although its file has them.
    private let spare: [NamePattern]
    /// Axes of the list of places that window attention keeps beside its table there; 0 where it keeps none.
    let placeAxisCount: Int

    /// - rules: the first that fits counts.
    init(
        prefixes: [String] = [], leftOut: [String] = [], spare: [String] = [], placeAxisCount: Int = 0,
        _ rules: [Rule]
    ) {
        self.prefixes = prefixes
        self.placeAxisCount = placeAxisCount
        self.rules = rules
        self.leftOut = leftOut.map { NamePattern($0) }
        self.spare = spare.map { NamePattern($0) }
    }

    static func rule(_ foreign: String, _ own: String, _ change: TensorChange = .none) -> Rule {
        Rule(foreign: NamePattern(foreign), own: NamePattern(own), change: change, isOld: false)
    }

    static func old(_ foreign: String, _ own: String, _ change: TensorChange = .none) -> Rule {
        Rule(foreign: NamePattern(foreign), own: NamePattern(own), change: change, isOld: true)
    }

    /// The rows of several numbered parts.
    static func rows(_ range: Range<Int>, _ make: (Int) -> [Rule]) -> [Rule] { range.flatMap { make($0) } }

    /// Our name for what another program calls `name`; `nil` if the table does not know it.
    package func own(_ name: String) -> (name: String, change: TensorChange)? {
        for rule in rules {
            if let gaps = rule.foreign.match(name) { return (rule.own.filled(gaps), rule.change) }
        }
        return nil
    }

    /// The other program's name for what we call `name`.
    package func foreign(_ name: String) -> (name: String, change: TensorChange)? {
        for rule in rules where !rule.isOld {
            if let gaps = rule.own.match(name) { return (rule.foreign.filled(gaps), rule.change) }
        }
        return nil
    }

    /// Whether `name` is known not to belong to the model.
    package func leavesOut(_ name: String) -> Bool { leftOut.contains { $0.match(name) != nil } }

    /// Whether the part that we call `name` need not be in a model.
    package func isSpare(_ name: String) -> Bool { spare.contains { $0.match(name) != nil } }

    /// Removes what stands in front of the names: `module.` of data-parallel training, then the table's own
    /// prefixes.
    /// - Returns: one for each name; `nil` for names without the prefix that the others have.
    package func stripped(_ names: [String]) -> [String?] {
        var result: [String?] = names
        func strip(_ prefix: String) {
            result = result.map { name in
                name.flatMap { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil }
            }
        }
        if !names.isEmpty, names.allSatisfy({ $0.hasPrefix("module.") }) { strip("module.") }
        if let prefix = prefixes.first(where: { prefix in result.contains { $0?.hasPrefix(prefix) == true } })
        {
            strip(prefix)
        }
        return result
    }
}
