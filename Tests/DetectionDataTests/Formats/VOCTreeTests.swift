import DetectionData
import Foundation
import Testing

/// A tree written by hand, right and wrong.
@Suite struct VOCTreeTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        try folder.touch("JPEGImages/000012.jpg", "JPEGImages/000007.png", "JPEGImages/000005.jpg")
        try write(
            "000012", [object("dog", "10", "20", "30", "60"), object("person", "1", "1", "500", "375", "1")])
        try write("000007", [object("dog", "48.5", "240", "195", "371.25")])
        try folder.write(Data("000012  1\n000007 -1\n".utf8), to: "ImageSets/Main/val.txt")
    }

    private func object(
        _ name: String, _ xmin: String, _ ymin: String, _ xmax: String, _ ymax: String,
        _ difficult: String = "0"
    ) -> String {
        """
        <object><name> \(name) </name><pose>Left</pose><difficult>\(difficult)</difficult>
        <bndbox><xmin>\(xmin)</xmin><ymin>\(ymin)</ymin><xmax>\(xmax)</xmax><ymax>\(ymax)</ymax></bndbox>
        <part><name>head</name><bndbox><xmin>1</xmin></bndbox></part></object>
        """
    }

    private func write(_ stem: String, _ objects: [String], size: String? = nil) throws {
        let size = size ?? "<size><width>500</width><height>375</height><depth>3</depth></size>"
        try folder.write(
            Data(
                """
                <?xml version="1.0"?><!-- made by hand -->
                <annotation a="1 > 0"><filename>else.jpg</filename><source><name>A &amp; B &#x41;</name></source>
                \(size)\(objects.joined(separator: "\n"))<empty/>
                </annotation>
                """.utf8), to: "Annotations/\(stem).xml")
    }

    private func complaint(split: String? = nil) -> String? {
        do throws(DataError) { _ = try AnnotatedSource.read(folder.path, split: split) } catch {
            return error.message.replacingOccurrences(of: folder.path, with: "VOC")
        }
        return nil
    }

    @Test func imagesKeepTheirNumberAndBoxesBeginAtZero() throws {
        let source = try AnnotatedSource.read(folder.path)
        #expect(source.layout == .voc && source.imageFolder == "\(folder.path)/JPEGImages")
        let data = source.annotations
        #expect(
            data.images.map(\.id) == [7, 12] && data.images.map(\.fileName) == ["000007.png", "000012.jpg"])
        #expect(data.images[0].width == 500 && data.images[0].height == 375)
        #expect(data.categories.count == 20 && data.categories[11].name == "dog")
        #expect(
            data.annotations.map(\.imageID) == [7, 12, 12]
                && data.annotations.map(\.categoryID) == [12, 12, 15])
        #expect(data.annotations.map(\.ignore) == [false, false, true])
        #expect(data.annotations[1].bbox == (9, 19, 21, 41) && data.annotations[1].area == 861)
        #expect(data.annotations[0].bbox == (47.5, 239, 147.5, 132.25))
    }

    @Test func listsChooseAndOrderTheImages() throws {
        let data = try AnnotatedSource.read(folder.path, split: "val").annotations
        #expect(data.images.map(\.id) == [12, 7])
    }

    @Test func otherClassesComeByName() throws {
        try write("a_1", [object("zebra", "1", "1", "2", "2"), object("ant", "1", "1", "2", "2")])
        let data = try AnnotatedSource.read(folder.path).annotations
        #expect(data.categories.map(\.name) == ["ant", "dog", "person", "zebra"])
        // Not all names are numbers now.
        #expect(data.images.map(\.id) == [1, 2, 3])
    }

    @Test func aConvertedTreeIsTheSameAgain() throws {
        let data = try AnnotatedSource.read(folder.path).annotations
        try data.write(path: "\(folder.path)/voc.json")
        let copy = try COCOAnnotations.read(path: "\(folder.path)/voc.json")
        #expect(copy.annotations.map(\.ignore) == data.annotations.map(\.ignore))
        #expect(copy.annotations[0].bbox == data.annotations[0].bbox)
        #expect(copy.categories.map(\.name) == data.categories.map(\.name))
    }

    @Test func whatIsWrongIsNamedWithItsFile() throws {
        #expect(complaint(split: "train")?.hasPrefix("VOC/ImageSets/Main/train.txt") == true)
        try write("000007", [object("dog", "48", "x", "195", "371")])
        #expect(complaint() == "VOC/Annotations/000007.xml: object 0: <ymin> is 'x', not a number")
        try write("000007", [object("", "48", "1", "195", "371")])
        #expect(complaint() == "VOC/Annotations/000007.xml: object 0: has no <name>")
        try write("000007", ["<object>"])
        #expect(complaint() == "VOC/Annotations/000007.xml: </annotation> closes <object>, line 4")
        try write("000007", ["&what;"])
        #expect(complaint() == "VOC/Annotations/000007.xml: '&what;' is not known, line 3")
        try folder.write(Data("<html></html>".utf8), to: "Annotations/000007.xml")
        #expect(complaint() == "VOC/Annotations/000007.xml: begins with <html>, not <annotation>")
        try folder.write(Data("<annotation><object>".utf8), to: "Annotations/000007.xml")
        #expect(complaint() == "VOC/Annotations/000007.xml: <object> is never closed, line 1")
        try folder.write(
            Data(String(repeating: "<a>", count: 100_000).utf8), to: "Annotations/000007.xml")
        #expect(complaint()?.contains("nested deeper than 32") == true)
        try write("000007", [], size: "<size><width>0</width></size>")
        #expect(
            complaint()?.hasPrefix("VOC/Annotations/000007.xml: has no <size>, and the picture gives none")
                == true)
    }
}
