using System.Text;

namespace Tenantry.Server.Store;

/// <summary>
/// Text as every store gives it back: one ends it at a NUL, another refuses that, and half of a pair of surrogates has no encoding. The hash of a row covers what is
/// read, so it is made plain before.
/// </summary>
internal static class AuditText
{
    /// <summary>The entry with U+FFFD for control characters (but line feed and tab) and for surrogates without their other half.</summary>
    public static AuditEntry Plain(AuditEntry entry) => entry with
    {
        Actor = Plain(entry.Actor),
        Action = Plain(entry.Action),
        Subject = Plain(entry.Subject),
        Outcome = Plain(entry.Outcome),
        Detail = Plain(entry.Detail),
        RequestId = Plain(entry.RequestId),
        Through = Plain(entry.Through),
        Changes = Plain(entry.Changes),
        Organization = Plain(entry.Organization),
    };

    private static string Plain(string text)
    {
        if (!text.Any(c => IsControl(c) || char.IsSurrogate(c)))
            return text;
        var plain = new StringBuilder(text.Length);
        // What is enumerated has U+FFFD for half pairs already.
        foreach (var rune in text.EnumerateRunes())
            plain.Append(rune.IsBmp && IsControl((char)rune.Value) ? Rune.ReplacementChar : rune);
        return plain.ToString();
    }

    private static bool IsControl(char c) => char.IsControl(c) && c is not ('\n' or '\t');
}
