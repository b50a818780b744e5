using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Tenantry.Server.Store;

/// <summary>Each audit row's hash covers the row and the hash of the row before it.</summary>
internal static class AuditChain
{
    /// <summary>What the first row follows.</summary>
    public const string Start = "";

    /// <summary>SHA-256, hexadecimal, over the previous hash and the row in a form that has only one spelling.</summary>
    public static string Hash(long sequence, AuditEntry entry, string previousHash)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            writer.WriteStringValue(previousHash);
            writer.WriteNumberValue(sequence);
            writer.WriteStringValue(entry.Actor);
            writer.WriteStringValue(entry.Action);
            writer.WriteStringValue(entry.Subject);
            writer.WriteStringValue(entry.Outcome);
            writer.WriteStringValue(entry.Detail);
            writer.WriteStringValue(entry.RequestId);
            writer.WriteNumberValue(StoreTime.ToMicros(entry.At));
            // Rows of before these were noted keep the hash that they have.
            if (entry.Through.Length > 0 || entry.Changes.Length > 0 || entry.Organization.Length > 0)
            {
                writer.WriteStringValue(entry.Through);
                writer.WriteStringValue(entry.Changes);
            }

            if (entry.Organization.Length > 0)
                writer.WriteStringValue(entry.Organization);

            writer.WriteEndArray();
        }
        return Convert.ToHexStringLower(SHA256.HashData(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }
}

/// <summary>Walks the chain from its start and stops at the first row that does not fit.</summary>
internal sealed class AuditWalk
{
    private long _sequence;
    private string _hash = AuditChain.Start;

    /// <summary>The sentence that names the row, or null when it fits.</summary>
    public string? Add(AuditRow row)
    {
        if (row.Sequence <= _sequence)
            return $"Audit row {row.Sequence} was not written by Tenantry: row {_sequence + 1} was to follow.";
        if (row.Sequence != _sequence + 1)
            return Missing(_sequence + 1);
        if (row.PreviousHash != _hash)
            return $"Audit row {row.Sequence} does not follow row {_sequence}: it was moved, or the row before it was replaced.";
        if (AuditChain.Hash(row.Sequence, row.Entry, row.PreviousHash) != row.Hash)
            return Changed(row.Sequence);
        _sequence = row.Sequence;
        _hash = row.Hash;
        return null;
    }

    /// <summary>Compares the end with what was noted when the newest row was written.</summary>
    public string? End(long sequence, string hash)
    {
        if (_sequence < sequence)
            return Missing(_sequence + 1);
        if (_sequence > sequence)
            return $"Audit row {sequence + 1} was not written by Tenantry: the newest that was is {sequence}.";
        return _hash == hash ? null : $"Audit row {_sequence} is not the one that was written: the chain was replaced.";
    }

    /// <summary>Of a row that cannot be read, and so is none that was written.</summary>
    public static string Changed(long sequence) => $"Audit row {sequence} was changed after it was written.";

    private static string Missing(long sequence) => $"Audit row {sequence} is missing.";
}
