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
        KernelSet.current = set
    }
}
