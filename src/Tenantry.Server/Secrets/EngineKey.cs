using System.Security.Cryptography;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Secrets;

/// <summary>The engine's key pair: the private half in a file of its own (0600), the public half beside the sockets.</summary>
public static class EngineKey
{
    /// <summary>Loads the private key, or makes it with the first start.</summary>
    /// <exception cref="EngineKeyException">There is a file and it is not such a key, or others may read it.</exception>
    public static ECDiffieHellman LoadOrCreate(DataFolders folders)
    {
        var key = File.Exists(folders.EngineKey) ? Load(folders.EngineKey) : Create(folders.EngineKey);
        WriteWhole(folders.EnginePublicKey, key.ExportSubjectPublicKeyInfoPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return key;
    }

    /// <summary>Loads the public key, to which secrets are sealed.</summary>
    public static ECDiffieHellmanPublicKey LoadPublic(DataFolders folders)
    {
        using var key = ECDiffieHellman.Create();
        key.ImportFromPem(File.ReadAllText(folders.EnginePublicKey));
        return key.PublicKey;
    }

    /// <summary>Tells keys apart, and says nothing of what they seal.</summary>
    public static string MarkOf(ECDiffieHellman key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    private static ECDiffieHellman Load(string path)
    {
        if ((File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
            throw new EngineKeyException($"Others can read or change the engine's key {path}. Take it back with 'chmod 600 {path}'; if others may have read it, rotate the secrets.");
        var key = ECDiffieHellman.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
        }
        catch (Exception failure) when (failure is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new EngineKeyException($"{path} is not the engine's key. Put the right file back from your copy: without it no stored secret can be read. Nothing was changed.", failure);
        }

        return key;
    }

    private static ECDiffieHellman Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        WriteWhole(path, key.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return key;
    }

    private static void WriteWhole(string path, string text, UnixFileMode mode) =>
        AtomicFile.Write(path, System.Text.Encoding.ASCII.GetBytes(text), durable: true, mode);
}

/// <summary>The engine's key cannot be used. The message says what to do.</summary>
public sealed class EngineKeyException(string message, Exception? cause = null) : Exception(message, cause);
