using System.Security.Cryptography;
using Tenantry.Server.People.Oidc;

namespace Tenantry.Server.Secrets;

/// <summary>
/// Public keys that the engine exports secrets to. The web side names the key of an export, and may have been taken over: a list on the engine's own side bounds what
/// that is worth. Without a list every key is admitted, and each export is in the audit and in the engine's log.
/// </summary>
public sealed class ExportRecipients
{
    private const string Label = "PUBLIC KEY";
    private readonly HashSet<string>? _marks;

    private ExportRecipients(HashSet<string>? marks) => _marks = marks;

    /// <summary>Every key of P-256.</summary>
    public static ExportRecipients Any { get; } = new(null);

    /// <summary>The keys of a file: one PEM block after the other. An empty file admits nobody.</summary>
    /// <exception cref="ServeConfigurationException">It cannot be read, or holds something else.</exception>
    public static ExportRecipients ReadFile(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new ServeConfigurationException($"--export-recipients: {path} cannot be read: {unread.Message}");
        }

        return Read(text, path);
    }

    /// <summary>The same of its text.</summary>
    public static ExportRecipients Read(string text, string path)
    {
        var marks = new HashSet<string>(StringComparer.Ordinal);
        var left = text.AsSpan();
        while (PemEncoding.TryFind(left, out var block))
        {
            var label = left[block.Label].ToString();
            marks.Add(Read(left[block.Location], label, path));
            left = left[block.Location.End..];
        }

        return left.IndexOf("-----BEGIN", StringComparison.Ordinal) < 0 && (marks.Count > 0 || left.IsWhiteSpace())
            ? new(marks)
            : throw new ServeConfigurationException($"--export-recipients: {path} holds something that is no '-----BEGIN {Label}-----' block.");
    }

    /// <summary>True when secrets may be sealed to it.</summary>
    /// <param name="subjectPublicKeyInfo">A public key in DER.</param>
    public bool Admits(byte[] subjectPublicKeyInfo) => _marks is null || _marks.Contains(MarkOf(subjectPublicKeyInfo));

    /// <summary>Tells keys apart: what the audit has of an export's key.</summary>
    public static string MarkOf(byte[] subjectPublicKeyInfo) => Convert.ToHexStringLower(SHA256.HashData(subjectPublicKeyInfo));

    private static string Read(ReadOnlySpan<char> pem, string label, string path)
    {
        try
        {
            using var key = ECDiffieHellman.Create();
            if (label == Label)
            {
                key.ImportFromPem(pem);
                if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value)
                    return MarkOf(key.ExportSubjectPublicKeyInfo());
            }
        }
        catch (Exception strange) when (strange is ArgumentException or CryptographicException)
        {
            // Told below, without a word of it: it may be a private key.
        }

        throw new ServeConfigurationException($"--export-recipients: {path} holds a block '{label}' that is no public key of P-256. 'openssl ec -in export.key -pubout' prints one.");
    }
}
