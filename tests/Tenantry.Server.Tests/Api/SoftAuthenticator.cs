using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Tenantry.Server.Tests.Api;

/// <summary>An authenticator and the browser in front of it: Web Authentication, level 3, as far as one key of P-256 needs it.</summary>
internal sealed class SoftAuthenticator : IDisposable
{
    private const byte Present = 0x01, Verified = 0x04, Attested = 0x40;
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] id = RandomNumberGenerator.GetBytes(16);
    private string handle = "";

    /// <summary>The page that asks.</summary>
    public required string Origin { get; init; }

    public bool VerifiesPerson { get; set; } = true;

    /// <summary>How often it was used, as it counts.</summary>
    public uint Uses { get; set; }

    /// <summary>For whom it answers in place of who asks.</summary>
    public string? Host { get; set; }

    /// <summary>Answers to <c>navigator.credentials.create</c>.</summary>
    public string Create(JsonElement options)
    {
        handle = options.GetProperty("user").GetProperty("id").GetString()!;
        var point = key.ExportParameters(false).Q;
        byte[] cose = [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, .. point.X!, 0x22, 0x58, 0x20, .. point.Y!];
        byte[] data = [.. Head(options.GetProperty("rp").GetProperty("id").GetString()!, Attested), .. new byte[16], 0, (byte)id.Length, .. id, .. cose];
        byte[] attestation = [0xA3, 0x63, .. "fmt"u8, 0x64, .. "none"u8, 0x67, .. "attStmt"u8, 0xA0, 0x68, .. "authData"u8, 0x58, (byte)data.Length, .. data];
        return Credential(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["clientDataJSON"] = Text(Client("webauthn.create", options)),
            ["attestationObject"] = Text(attestation),
            ["transports"] = new[] { "internal" },
        });
    }

    /// <summary>Answers to <c>navigator.credentials.get</c>.</summary>
    public string Get(JsonElement options)
    {
        Uses++;
        var data = Head(options.GetProperty("rpId").GetString()!, 0);
        var client = Client("webauthn.get", options);
        return Credential(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["clientDataJSON"] = Text(client),
            ["authenticatorData"] = Text(data),
            ["signature"] = Text(key.SignData([.. data, .. SHA256.HashData(client)], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
            ["userHandle"] = handle,
        });
    }

    public void Dispose() => key.Dispose();

    private byte[] Head(string host, byte flags)
    {
        var count = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(count, Uses);
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(Host ?? host)), (byte)(flags | Present | (VerifiesPerson ? Verified : 0)), .. count];
    }

    private byte[] Client(string type, JsonElement options) =>
        JsonSerializer.SerializeToUtf8Bytes(new { type, challenge = options.GetProperty("challenge").GetString(), origin = Origin, crossOrigin = false });

    private string Credential(Dictionary<string, object> response) =>
        JsonSerializer.Serialize(new { id = Text(id), rawId = Text(id), type = "public-key", authenticatorAttachment = "platform", clientExtensionResults = new { }, response });

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
