using System.Globalization;
using System.Text;

namespace Tenantry.Targets.Linux;

/// <summary>Names of files as text.</summary>
internal static class NameText
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text, or null for bytes that are none.</summary>
    internal static string? Strict(ReadOnlySpan<byte> name) => System.Text.Unicode.Utf8.IsValid(name) ? StrictUtf8.GetString(name) : null;

    /// <summary>What a person can read and a shell's <c>$'…'</c> takes: printable ASCII as it is, every other byte as <c>\xNN</c>.</summary>
    internal static string Escaped(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder();
        foreach (var one in name)
        {
            if (one is >= 0x20 and < 0x7f and not (byte)'\\')
                text.Append((char)one);
            else
                text.Append(CultureInfo.InvariantCulture, $"\\x{one:x2}");
        }

        return text.ToString();
    }
}
