using System.Security.Cryptography;
using Tenantry.Server.Secrets;

namespace Tenantry.Server.Tests.Secrets;

public sealed class SecretSealerTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("tenantry-key-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("with = and \n newline and \"quotes\" and ü")]
    public void WhatIsSealedToAKeyOpensWithIt(string value)
    {
        using var key = EngineKey.LoadOrCreate(new DataFolders(root));
        var box = SecretSealer.Seal(EngineKey.LoadPublic(new DataFolders(root)), SecretSealer.Context("i1", "token"), value);
        SecretSealer.Open(key, SecretSealer.Context("i1", "token"), box).ShouldBe(value);
    }

    [Fact]
    public void ASealedSecretDoesNotOpenInAnothersPlace()
    {
        using var key = EngineKey.LoadOrCreate(new DataFolders(root));
        var box = SecretSealer.Seal(key.PublicKey, SecretSealer.Context("i1", "token"), "value");
        Should.Throw<CryptographicException>(() => SecretSealer.Open(key, SecretSealer.Context("i2", "token"), box));
        Should.Throw<CryptographicException>(() => SecretSealer.Open(key, SecretSealer.Context("i1", "other"), box));
    }

    [Fact]
    public void EveryChangedByteIsNoticed()
    {
        using var key = EngineKey.LoadOrCreate(new DataFolders(root));
        var box = SecretSealer.Seal(key.PublicKey, "c", "value");
        for (var at = 0; at < box.Length; at++)
        {
            var changed = box.ToArray();
            changed[at] ^= 1;
            Should.Throw<CryptographicException>(() => SecretSealer.Open(key, "c", changed), $"byte {at}");
        }
    }

    [Fact]
    public void AnotherKeyDoesNotOpenIt()
    {
        using var key = EngineKey.LoadOrCreate(new DataFolders(root));
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        Should.Throw<CryptographicException>(() => SecretSealer.Open(other, "c", SecretSealer.Seal(key.PublicKey, "c", "value")));
    }

    [Fact]
    public void TheKeyIsKeptForItsOwnerAlone()
    {
        var folders = new DataFolders(root);
        using (var first = EngineKey.LoadOrCreate(folders))
        using (var second = EngineKey.LoadOrCreate(folders))
            second.ExportSubjectPublicKeyInfo().ShouldBe(first.ExportSubjectPublicKeyInfo());
        File.GetUnixFileMode(folders.EngineKey).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetUnixFileMode(folders.EngineKey, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Should.Throw<EngineKeyException>(() => EngineKey.LoadOrCreate(folders)).Message.ShouldContain("chmod 600");
    }

    [Fact]
    public void ADamagedKeyIsRefusedAndLeftAsItIs()
    {
        var folders = new DataFolders(root);
        EngineKey.LoadOrCreate(folders).Dispose();
        File.WriteAllText(folders.EngineKey, "not a key");
        Should.Throw<EngineKeyException>(() => EngineKey.LoadOrCreate(folders));
        File.ReadAllText(folders.EngineKey).ShouldBe("not a key");
    }
}
