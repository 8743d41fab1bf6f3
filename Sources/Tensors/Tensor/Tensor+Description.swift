extension Tensor: CustomStringConvertible {
    package var description: String {
        let shown = values.prefix(8).map { "\($0)" }.joined(separator: " ")
        return "Tensor\(shape) [\(shown)\(count > 8 ? " ..." : "")]"
    }
}
