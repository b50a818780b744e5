using System.Security.Cryptography;
using System.Text;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Secrets;

/// <summary>The engine's key: a file of its own (0600), and beside it the next one while it is rotated.</summary>
public static class EngineKey
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>The name of the key among the credentials of systemd.</summary>
    public const string CredentialName = "engine.key";

    /// <summary>Loads the key.</summary>
    /// <exception cref="EngineKeyException">It is not there, it is not such a key, or others may read it.</exception>
    public static ECDiffieHellman Load(string path)
    {
        if (!File.Exists(path))
            throw new EngineKeyException($"The engine's key {path} is missing. Put the file back from your copy: without it no stored secret can be read. If it is lost, start once with --accept-engine-key and set all secrets again. Nothing was changed.");
        if ((File.GetUnixFileMode(path) & Others) != 0)
            throw new EngineKeyException($"Others can read or change the engine's key {path}. Take it back with 'chmod 600 {path}'; if others may have read it, replace it with 'tenantry secret rekey' and rotate the secrets.");
        return Read(path);
    }

    /// <summary>Loads a key that the service manager hands over: it guards the file, whose mode says nothing.</summary>
    /// <exception cref="EngineKeyException">It is not there, or not such a key.</exception>
    public static ECDiffieHellman LoadCredential(string path) => File.Exists(path)
        ? Read(path)
        : throw new EngineKeyException($"The credential {path} is missing. Nothing was changed.");

    private static ECDiffieHellman Read(string path)
    {
        var key = ECDiffieHellman.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            _ = P256.PrivateNumber(key);
            return key;
        }
        catch (Exception failure) when (failure is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new EngineKeyException($"{path} is not the engine's key. Put the right file back from your copy: without it no stored secret can be read. Nothing was changed.", failure);
        }
    }

    /// <summary>Makes a key and its file, which is whole or not there.</summary>
    public static ECDiffieHellman Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        AtomicFile.Write(path, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()), durable: true, Private);
        return key;
    }

    /// <summary>Puts the next key in the place of the present one, which is gone then.</summary>
    public static void Promote(DataFolders folders) => AtomicFile.Move(folders.NextEngineKey, folders.EngineKey);

    /// <summary>Tells keys apart, and says nothing of what they seal.</summary>
    public static string MarkOf(ECDiffieHellman key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
}

/// <summary>The engine's key cannot be used. The message says what to do.</summary>
public sealed class EngineKeyException(string message, Exception? cause = null) : Exception(message, cause);
