internal import ArgumentParser
internal import Tensors

/// What all benchmarks share.
struct BenchArguments: ParsableArguments {
    @Option(help: "Timed repetitions, after a warm-up.")
    var iters = 5

    @Option(help: "Compute threads; default OMP_NUM_THREADS, else all cores this process may use.")
    var threads: Int?

    func validate() throws {
        guard iters >= 1 else { throw ValidationError("--iters takes a number from 1 on") }
        if let threads, !(1...4096).contains(threads) {
            throw ValidationError("--threads takes a number from 1 to 4096")
        }
    }

    /// Places this process, which is alone, and sets the number of threads.
    func apply() {
        Placement.applyAlone()
        setThreads()
    }

    /// Sets the number of threads of a process that its job has placed.
    func setThreads() {
        if let threads { ThreadBudget.count = threads }
    }
}

/// Which cases of a fixed list to run.
struct CaseFilter: ParsableArguments {
    @Option(help: ArgumentHelp("Run only cases whose name contains this.", valueName: "text"))
    var match: String?

    /// The cases that are asked for.
    /// - Throws: where none is.
    func select<Case>(_ cases: [Case], name: (Case) -> String) throws -> [Case] {
        guard let match else { return cases }
        let found = cases.filter { name($0).contains(match) }
        guard !found.isEmpty else {
            throw UsageError(
                description: "none of \(cases.count) cases contains '\(match)'; without --match all are run")
        }
        return found
    }
}

/// Height and width, written `480x640`.
struct PixelSize: ExpressibleByArgument {
    let height: Int
    let width: Int

    init(height: Int, width: Int) { (self.height, self.width) = (height, width) }

    init?(argument: String) {
        let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let height = parts[0], let width = parts[1], height > 0, width > 0 else {
            return nil
        }
        self.init(height: height, width: width)
    }

    var defaultValueDescription: String { "\(height)x\(width)" }
}
