import DetectionData
import Foundation
import Testing

@Suite struct PictureFolderTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func picture(_ name: String, _ width: Int, _ height: Int) throws {
        let image = Image(
            width: width, height: height, pixels: [UInt8](repeating: 90, count: width * height * 3))
        try folder.write(Data(try ImageWriter.png(image)), to: name)
    }

    @Test func plainFoldersComeInTheOrderOfNames() throws {
        try picture("b.png", 5, 4)
        try picture("a.PNG", 3, 2)
        try folder.touch("notes.txt", ".hidden.png")
        let source = try AnnotatedSource.read(folder.path)
        #expect(source.layout == .folder && source.annotations.categories.isEmpty)
        #expect(source.annotations.images.map(\.fileName) == ["a.PNG", "b.png"])
        #expect(source.annotations.images.map(\.id) == [1, 2] && source.annotations.images[1].width == 5)
    }

    @Test func classFoldersAreCategories() throws {
        try picture("n02/x.png", 5, 4)
        try picture("n01/y.png", 3, 2)
        try folder.touch("empty/readme")
        let source = try AnnotatedSource.read(folder.path)
        #expect(
            source.layout == .imageNet && source.annotations.categories.map(\.name) == ["n01", "n02"])
        #expect(source.annotations.images.map(\.fileName) == ["n01/y.png", "n02/x.png"])
    }

    @Test func whatIsNoDataSetIsNamed() throws {
        #expect(throws: DataError.self) { try AnnotatedSource.read("\(folder.path)/nowhere") }
        try folder.touch("readme")
        #expect(throws: DataError.self) { try AnnotatedSource.read(folder.path) }
        try folder.write(Data("no picture".utf8), to: "broken.png")
        let error = #expect(throws: DataError.self) { try AnnotatedSource.read(folder.path) }
        #expect(error?.message.contains("broken.png") == true)
    }
}
