internal import Foundation
internal import Tensors
internal import Training

/// The kernels that a user asks for.
enum KernelChoice {
    private static let variable = "ALIGNDET_KERNELS"

    static func apply() throws {
        guard let name = ProcessInfo.processInfo.environment[variable], !name.isEmpty else { return }
        guard let set = KernelSet(rawValue: name) else {
            throw ConfigurationError(
                origin: "\(variable)=\(name)", "no such kernels",
                hint: "one of " + KernelSet.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard set != .tiles || KernelSet.hasTiles else {
            throw ConfigurationError(
                origin: "\(variable)=\(name)",
                "host \(ProcessInfo.processInfo.hostName) has no AMX, or its system does not let programs use it",
                hint: "choose hosts that have it (aligndet-mpi doctor), or leave the variable unset")
        }
        KernelSet.current = set
    }
}
