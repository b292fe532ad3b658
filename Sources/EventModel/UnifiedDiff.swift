/// How the content of a text file changed: hunks in unified format, without the two lines that name the files.
package struct UnifiedDiff: Hashable, Sendable {
    /// Lines that end with a newline each: UTF-8 without control characters, except for tabs.
    package var text: ByteString
    /// Lines that came, also those beyond what `text` shows.
    package var added: Int
    /// Lines that went, also those beyond what `text` shows.
    package var removed: Int
    /// `text` ends before the last of them.
    package var isTruncated: Bool

    package init(text: ByteString = ByteString(), added: Int = 0, removed: Int = 0, isTruncated: Bool = false)
    {
        self.text = text
        self.added = added
        self.removed = removed
        self.isTruncated = isTruncated
    }

    /// Nothing changed.
    package var isEmpty: Bool { added == 0 && removed == 0 }
}
