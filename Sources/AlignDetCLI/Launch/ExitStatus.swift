internal import Checkpointing
internal import Collectives
internal import DetectionData
internal import Training

/// The documented exit codes (README), and which error means which. Anything else that ends the program is a defect.
enum ExitStatus {
    static let usage: Int32 = 64
    static let badInput: Int32 = 65
    static let missingInput: Int32 = 66
    static let internalError: Int32 = 70
    static let output: Int32 = 74
    static let stopped: Int32 = 75
    static let silentPeer: Int32 = 76
    static let nonFinite: Int32 = 77
    static let configuration: Int32 = 78

    static func code(of error: any Error) -> Int32 {
        switch error {
        case let error as DataError: code(of: error)
        case is ConfigurationError: configuration
        case let error as CheckpointError: error.exitCode
        case let error as CollectiveError: code(of: error)
        case let error as TrainingError: code(of: error)
        case is UsageError: usage
        case is OutputFailure: output
        default: internalError
        }
    }

    private static func code(of error: DataError) -> Int32 {
        switch error.kind {
        case .badInput: badInput
        case .missingInput: missingInput
        case .output: output
        case .usage: usage
        }
    }

    private static func code(of error: CollectiveError) -> Int32 {
        switch error.kind {
        case .launch, .unsupported: configuration
        case .deadline: silentPeer
        case .library, .disagreement, .broken: internalError
        }
    }

    private static func code(of error: TrainingError) -> Int32 {
        switch error.kind {
        case .nonFinite: nonFinite
        case .configuration: configuration
        case .badInput: badInput
        case .output: output
        case .stopped: stopped
        }
    }
}

/// A combination of arguments that makes no sense.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}
