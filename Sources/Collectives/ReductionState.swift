/// One reduction's progress, shared by its handle and the communicator that moves it.
final class ReductionState {
    let label: String
    /// Dropped when done, with its scratch memory.
    private(set) var machine: (any ReductionMachine)?
    private(set) var isFinished = false
    /// Set when an error or its owner ended the reduction early.
    var isAbandoned = false

    init(_ machine: any ReductionMachine, label: String) {
        self.machine = machine
        self.label = label
    }

    init(finished label: String) {
        self.label = label
        isFinished = true
    }

    /// - Returns: whether it came further.
    func advance() throws(CollectiveError) -> Bool {
        guard !isFinished, !isAbandoned, let machine else { return false }
        switch try machine.advance() {
        case .stuck: return false
        case .moved: return true
        case .done:
            isFinished = true
            self.machine = nil
            return true
        }
    }
}
