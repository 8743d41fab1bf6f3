import Foundation
import TestSupport
import Testing

@testable import DetectionData

@Suite struct ImageListTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// A picture of a size under a name that may hold folders.
    private func picture(_ name: String, width: Int, height: Int) throws {
        let path = "\(folder.path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        // The writer goes by the name's ending in lower case.
        let lower = (path as NSString).deletingPathExtension + ".tmp.png"
        try ImageWriter.write(Image(width: width, height: height), to: lower)
        try FileManager.default.moveItem(atPath: lower, toPath: path)
    }

    private func records(_ list: ImageList) throws -> [String] {
        try list.records(0..<list.count, orientation: .apply, threadCount: 2).map {
            "\($0.id) \($0.fileName) \($0.width)x\($0.height)"
        }
    }

    @Test func plainFoldersComeInOrderOfNames() throws {
        try picture("b.png", width: 5, height: 4)
        try picture("a.JPG", width: 3, height: 2)
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/notes.txt"))
        let list = try ImageList.open(folder.path)
        #expect(list.layout == .folder)
        #expect(try records(list) == ["1 a.JPG 3x2", "2 b.png 5x4"])
        #expect(
            try list.records(1..<2, orientation: .apply, threadCount: 1).map(\.fileName) == ["b.png"])
    }

    @Test func classFoldersComeClassByClass() throws {
        try picture("n02/n02_1.JPEG", width: 3, height: 2)
        try picture("n01/n01_9.JPEG", width: 5, height: 4)
        try picture("n01/n01_10.JPEG", width: 7, height: 6)
        let list = try ImageList.open(folder.path + "/")
        #expect(list.layout == .imageNet)
        #expect(
            try records(list) == ["1 n01/n01_10.JPEG 7x6", "2 n01/n01_9.JPEG 5x4", "3 n02/n02_1.JPEG 3x2"])
    }

    @Test func vocTreesGiveAllImagesOrASplit() throws {
        for (i, stem) in ["000005", "000007", "000009"].enumerated() {
            try picture("VOC/JPEGImages/\(stem).jpg", width: 10 + i, height: 8)
        }
        let root = "\(folder.path)/VOC"
        let sets = "\(root)/ImageSets/Main"
        try FileManager.default.createDirectory(atPath: sets, withIntermediateDirectories: true)
        try Data("000009  1\n000005 -1\n".utf8).write(to: URL(fileURLWithPath: "\(sets)/cat_train.txt"))
        try Data("000006\n".utf8).write(to: URL(fileURLWithPath: "\(sets)/val.txt"))
        #expect(try records(ImageList.open(root)).count == 3)
        let list = try ImageList.open(root, split: "cat_train")
        #expect(list.layout == .voc && list.folder == "\(root)/JPEGImages")
        #expect(try records(list) == ["1 000009.jpg 12x8", "2 000005.jpg 10x8"])
        let missing = #expect(throws: DataError.self) { try ImageList.open(root, split: "val") }
        #expect(missing?.message.contains("'000006'") == true)
        let wrong = #expect(throws: DataError.self) { try ImageList.open(root, split: "test") }
        #expect(wrong?.message.contains("test.txt") == true)
    }

    @Test func cocoFilesSayWhatIsWrongWithThem() throws {
        try picture("images/a.png", width: 5, height: 4)
        func open(_ images: String, in imageFolder: String? = "images") throws -> ImageList {
            let path = "\(folder.path)/list.json"
            try Data("{\"images\": [\(images)]}".utf8).write(to: URL(fileURLWithPath: path))
            return try ImageList.open(path, imageFolder: imageFolder.map { "\(folder.path)/\($0)" })
        }
        let a = #"{"id": 7, "file_name": "a.png", "width": 5, "height": 4}"#
        #expect(try records(open(a)) == ["7 a.png 5x4"])
        let cases = [
            (a + "," + a, "image id 7 is used twice"), ("", "no images"),
            (#"{"id": 8, "file_name": "b.png", "width": 5, "height": 4}"#, "b.png"),
            (#"{"id": 9, "file_name": "a.png", "width": 0, "height": 4}"#, "image 9 (a.png) is 0x4"),
        ]
        for (images, words) in cases {
            let error = #expect(throws: DataError.self) { try open(images) }
            #expect(error?.description.contains(words) == true, "\(words)")
        }
        #expect(throws: DataError.self) { try open(a, in: nil) }
    }

    @Test func foldersWithoutImagesAndMissingPathsAreRefused() throws {
        for path in [folder.path, folder.path + "/none"] {
            let error = #expect(throws: DataError.self) { try ImageList.open(path) }
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test func firstFileThatIsNoPictureIsNamed() throws {
        try picture("a.png", width: 5, height: 4)
        for name in ["c.jpg", "b.jpg"] {
            try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        }
        let list = try ImageList.open(folder.path)
        let error = #expect(throws: DataError.self) { try records(list) }
        #expect(error?.message.contains("b.jpg") == true)
    }

    @Test func declaredSizesTellWhetherTheCamerasNoteCounts() throws {
        let folder = Golden.url("images/awkward_jpegs").path
        func load(_ width: Int, _ height: Int) throws -> Image {
            try DeclaredImage(folder: folder, orientation: .apply).load(
                COCOAnnotations.ImageRecord(id: 3, fileName: "exif_8_2x1.jpg", width: width, height: height))
        }
        #expect(try load(1, 2).height == 2)
        #expect(try load(2, 1).width == 2)
        let error = #expect(throws: DataError.self) { try load(2, 2) }
        #expect(error?.message.contains("is 1x2, image 3 is declared 2x2") == true)
    }
}
