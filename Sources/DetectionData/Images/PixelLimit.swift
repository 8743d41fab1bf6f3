/// The bound on the size of an image that a file may declare, checked before memory is taken for it.
package enum PixelLimit {
    /// 178,956,970 pixels, 512 MiB as RGB: the size from which Pillow refuses to open a file.
    package static let standard = 178_956_970
}
