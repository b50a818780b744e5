using System.Security.Cryptography;
using Tenantry.Model.Manifests;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Secrets;

public sealed class SecretSealerTests : IDisposable
{
    private readonly ECDiffieHellman _key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("with = and \n newline and \"quotes\" and ü")]
    public void WhatIsSealedToAKeyOpensWithIt(string value)
    {
        var context = SecretSealer.Context(new SecretPlace(SecretScope.Tenant, "alice", "notes", "token"));
        SecretSealer.Open(_key, context, SecretSealer.Seal(P256.Point(_key), context, value)).ShouldBe(value);
    }

    [Fact]
    public void ASealedSecretDoesNotOpenInAnothersPlace()
    {
        var place = new SecretPlace(SecretScope.Tenant, "alice", "notes", "token");
        var box = SecretSealer.Seal(_key.PublicKey, SecretSealer.Context(place), "value");
        foreach (var other in new[] { place with { Scope = SecretScope.Organization }, place with { Holder = "bob" }, place with { App = "shop" }, place with { Name = "other" } })
            Should.Throw<CryptographicException>(() => SecretSealer.Open(_key, SecretSealer.Context(other), box));
    }

    [Fact]
    public void EveryChangedByteIsNoticed()
    {
        var box = SecretSealer.Seal(_key.PublicKey, "c", "value");
        for (var at = 0; at < box.Length; at++)
        {
            var changed = box.ToArray();
            changed[at] ^= 1;
            Should.Throw<CryptographicException>(() => SecretSealer.Open(_key, "c", changed), $"byte {at}");
        }
    }

    [Fact]
    public void AnotherKeyDoesNotOpenIt()
    {
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        Should.Throw<CryptographicException>(() => SecretSealer.Open(other, "c", SecretSealer.Seal(_key.PublicKey, "c", "value")));
    }

    [Fact]
    public void ADataKeyOpensWithItsEngineKeyForItsHolderAlone()
    {
        using var engine = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var stored = new DataKey("tenant:alice", P256.Point(_key), KeyWrap.Wrap(engine, "tenant:alice", _key), "", default);

        using (var opened = KeyWrap.Unwrap(engine, stored))
            SecretSealer.Open(opened, "c", SecretSealer.Seal(_key.PublicKey, "c", "value")).ShouldBe("value");

        Should.Throw<CryptographicException>(() => KeyWrap.Unwrap(other, stored));
        Should.Throw<CryptographicException>(() => KeyWrap.Unwrap(engine, stored with { Holder = "tenant:bob" }));
        Should.Throw<CryptographicException>(() => KeyWrap.Unwrap(engine, stored with { Public = P256.Point(other) }));
        for (var at = 0; at < stored.Wrapped.Length; at++)
        {
            var changed = stored.Wrapped.ToArray();
            changed[at] ^= 1;
            Should.Throw<CryptographicException>(() => KeyWrap.Unwrap(engine, stored with { Wrapped = changed }), $"byte {at}");
        }
    }
}
