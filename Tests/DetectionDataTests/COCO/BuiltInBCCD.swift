import DetectionData
import Foundation

/// The photographs that come with the program.
enum BuiltInBCCD {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources/AlignDetCLI/BuiltIn/bccd").path

    static func annotations(_ split: String) throws -> COCOAnnotations {
        try COCOAnnotations.read(path: "\(folder)/annotations/instances_\(split).json")
    }

    static func dataset(
        _ split: String, subset: ImageSubset = .all, use: COCODataset.Use = .training
    ) throws -> COCODataset {
        try COCODataset(
            annotations(split), imageFolder: "\(folder)/images/\(split)",
            options: .init(use: use, classNames: nil, subset: subset, policy: .refuse, orientation: .apply))
    }
}
