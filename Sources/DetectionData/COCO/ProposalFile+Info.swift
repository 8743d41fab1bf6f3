extension ProposalFile {
    /// What a proposal file says about itself.
    package struct Info: Sendable, Equatable {
        package let description: String
        /// The generator's settings, name to value.
        package let parameters: [String: String]
        package let imageCount: Int
        package let imageListDigest: String

        /// - images: the list the proposals are for, all of it.
        package init(description: String, parameters: [String: String], images: [COCOAnnotations.ImageRecord])
        {
            self.description = description
            self.parameters = parameters
            imageCount = images.count
            imageListDigest = ProposalFile.digest(of: images)
        }

        /// Nil where the object is not one that `write` wrote: COCO's own `info` has other keys.
        init?(_ scanner: inout JSONScanner) throws(DataError) {
            var description = ""
            var parameters: [String: String] = [:]
            var imageCount: Int?
            var digest: String?
            try scanner.beginObject()
            while let key = try scanner.nextKey() {
                switch key {
                case "description" where try scanner.kind() == .string: description = try scanner.string()
                case "image_count": imageCount = try scanner.integer()
                case "image_list_digest": digest = try scanner.string()
                case "parameters" where try scanner.kind() == .object:
                    try scanner.beginObject()
                    while let key = try scanner.nextKey() {
                        let name = key.text
                        parameters[name] = try scanner.string()
                    }
                default: try scanner.skipValue()
                }
            }
            guard let imageCount, let digest else { return nil }
            self.description = description
            self.parameters = parameters
            self.imageCount = imageCount
            imageListDigest = digest
        }

        func write(to writer: inout JSONWriter) {
            writer.beginObject()
            writer.key("description")
            writer.value(description)
            writer.key("image_count")
            writer.value(imageCount)
            writer.key("image_list_digest")
            writer.value(imageListDigest)
            writer.key("parameters")
            writer.beginObject()
            for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
                writer.key(text: name)
                writer.value(value)
            }
            writer.endObject()
            writer.endObject()
        }
    }
}
