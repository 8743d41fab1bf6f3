import Foundation

/// A folder with some of the built-in photographs and their annotations, to be used or damaged.
struct Photographs {
    let annotations: String
    let images: String

    /// - edit: changes the annotations before they are written.
    init(
        split: String = "train", count: Int, in folder: String, edit: (inout COCOFile) -> Void = { _ in }
    ) throws {
        images = "\(folder)/images"
        annotations = "\(folder)/instances.json"
        let source = "\(Program.builtIn)/bccd"
        let manager = FileManager.default
        try manager.createDirectory(atPath: images, withIntermediateDirectories: true)
        var file = try COCOFile.read("\(source)/annotations/instances_\(split).json").first(count)
        for image in file.images {
            try manager.copyItem(
                atPath: "\(source)/images/\(split)/\(image.fileName)", toPath: "\(images)/\(image.fileName)")
        }
        edit(&file)
        try file.write(annotations)
    }

    /// As the set to train on, all of it.
    var trainingOverrides: [String] {
        [
            "data.train.annotations=\(annotations)", "data.train.images=\(images)",
            "data.train.first_images=none",
        ]
    }

    /// As the set to be scored on.
    var validationOverrides: [String] {
        ["data.val.annotations=\(annotations)", "data.val.images=\(images)"]
    }
}
