using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Secrets;

/// <summary>The engine's key: which one an engine starts with, and how it is replaced, cut off at every step.</summary>
public sealed class EngineKeyTests : IAsyncLifetime
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly CancellationToken Ct = CancellationToken.None;
    private readonly DataFolders _folders = new(Directory.CreateTempSubdirectory("tenantry-key-").FullName);
    private readonly ManualTime _time = new();
    private IStore _store = null!;

    public async Task InitializeAsync() => _store = await StoreFactory.OpenAsync("sqlite", _folders, _time, Ct);

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folders.Root, recursive: true);
    }

    [Fact]
    public async Task TheKeyIsMadeWithTheFirstStartAndKeptForItsOwnerAlone()
    {
        string mark;
        using (var first = await ClaimAsync())
            mark = first.PresentMark;
        using (var second = await ClaimAsync())
            second.PresentMark.ShouldBe(mark);
        File.GetUnixFileMode(_folders.EngineKey).ShouldBe(Private);
        File.SetUnixFileMode(_folders.EngineKey, Private | UnixFileMode.OtherRead);
        (await Should.ThrowAsync<EngineKeyException>(() => ClaimAsync())).Message.ShouldContain("chmod 600");
    }

    [Fact]
    public async Task ADamagedKeyIsRefusedAndLeftAsItIs()
    {
        (await ClaimAsync()).Dispose();
        var files = await FilesAsync();
        await File.WriteAllTextAsync(_folders.EngineKey, "not a key");
        (await Should.ThrowAsync<EngineKeyException>(() => ClaimAsync())).Message.ShouldContain("Nothing was changed");
        (await File.ReadAllTextAsync(_folders.EngineKey)).ShouldBe("not a key");
        (await FilesAsync()).ShouldBe(files);
    }

    [Fact]
    public async Task AMissingKeyIsRefusedAndNoneIsMadeInItsPlace()
    {
        (await ClaimAsync()).Dispose();
        File.Delete(_folders.EngineKey);
        (await Should.ThrowAsync<EngineKeyException>(() => ClaimAsync())).Message.ShouldContain("--accept-engine-key");
        File.Exists(_folders.EngineKey).ShouldBeFalse();
        using var accepted = await ClaimAsync(accept: true);
        (await _store.FindEngineKeyAsync(Ct)).ShouldBe(accepted.PresentMark);
    }

    [Fact]
    public async Task AnothersKeyIsRefusedAndTheRightOneStillReadsEverything()
    {
        var spec = await FleetAsync();
        using (var keys = await ClaimAsync())
            await MakeAsync(keys, spec);
        var right = await File.ReadAllBytesAsync(_folders.EngineKey);
        File.Delete(_folders.EngineKey);
        EngineKey.Create(_folders.EngineKey).Dispose();
        var message = (await Should.ThrowAsync<EngineKeyException>(() => ClaimAsync())).Message;
        message.ShouldContain("another key");

        await File.WriteAllBytesAsync(_folders.EngineKey, right);
        using var again = await ClaimAsync();
        (await OpenAsync(again, spec)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task WhatAnOlderVersionSealedToTheEngineItselfComesUnderItsDataKey()
    {
        var spec = await FleetAsync();
        using var keys = await ClaimAsync();
        using var engine = EngineKey.Load(_folders.EngineKey);
        var place = SecretPlace.Of(spec, SecretScope.Instance, "key");
        await _store.PutAsync(spec, "key", FirstForm.Seal(engine, SecretSealer.FirstContext(place), "from before"));
        await _store.PutAsync(spec, "strange", [SecretSealer.FirstForm, 2, 3]);

        await Vault(keys).AdoptAsync(Ct);

        var stored = (await _store.ListSecretsAsync(spec, Ct)).Single(one => one.Place.Name == "key");
        stored.Value[0].ShouldBe(SecretSealer.Form);
        (await Vault(keys).OpenAsync([stored], Ct))["key"].ShouldBe("from before");
        (await _store.ListSecretsInFormAsync(SecretSealer.FirstForm, Ct)).ShouldHaveSingleItem().Place.Name.ShouldBe("strange");
    }

    [Fact]
    public async Task ARotationCutOffAnywhereGoesOnWithTheNextStart()
    {
        var specs = new List<InstanceSpec> { await FleetAsync() };
        foreach (var name in new[] { "bob", "carol" })
            specs.Add(await new Fleet(_store, _time).AddInstanceAsync(name));
        string mark;
        var values = new List<string>();
        using (var keys = await ClaimAsync())
        {
            mark = keys.PresentMark;
            foreach (var spec in specs)
                values.Add(await MakeAsync(keys, spec));
        }

        var cut = 0;
        while (true)
        {
            using (var keys = await ClaimAsync())
            {
                keys.PresentMark.ShouldBe(mark);
                var rekey = Rekey(keys, new CutAt(++cut));
                try
                {
                    await rekey.RunAsync(Ct);
                    break;
                }
                catch (CutOffException)
                {
                    // As it was cut off, everything can be read by who is still there.
                    (await ReadAsync(keys, specs)).ShouldBe(values, $"cut off at {cut}");
                }
            }

            using (var keys = await ClaimAsync())
            {
                (await ReadAsync(keys, specs)).ShouldBe(values, $"after a cut at {cut}");
                await Rekey(keys, null).ResumeAsync(Ct);
                keys.PresentMark.ShouldNotBe(mark);
                mark = keys.PresentMark;
                (await ReadAsync(keys, specs)).ShouldBe(values);
                File.Exists(_folders.NextEngineKey).ShouldBeFalse();
                (await _store.FindEngineKeyAsync(Ct)).ShouldBe(mark);
                (await _store.ListDataKeysOtherThanAsync(mark, 10, Ct)).ShouldBeEmpty();
            }
        }

        // Begin, three data keys, the store's word, the file's place.
        cut.ShouldBe(7);
        File.GetUnixFileMode(_folders.EngineKey).ShouldBe(Private);
    }

    [Fact]
    public async Task SecretsAreWrittenAndReadWhileTheKeyIsReplaced()
    {
        var spec = await FleetAsync();
        using var keys = await ClaimAsync();
        var before = await MakeAsync(keys, spec);
        var bob = await new Fleet(_store, _time).AddInstanceAsync("bob");
        var made = "";
        await Rekey(keys, new Does(async () =>
        {
            (await OpenAsync(keys, spec))["token"].ShouldBe(before);
            if (made.Length == 0)
                made = await MakeAsync(keys, bob);
        })).RunAsync(Ct);
        (await OpenAsync(keys, spec))["token"].ShouldBe(before);
        (await OpenAsync(keys, bob))["token"].ShouldBe(made);
    }

    [Fact]
    public async Task AnotherEngineOnTheStoreIsNotLeftWithoutTheKey()
    {
        using var keys = await ClaimAsync();
        var rekey = new EngineRekey(_store, _folders, keys, _ => Task.FromResult<IReadOnlyList<string>>(["other-1"]), null, NullLogger<EngineRekey>.Instance);
        (await Should.ThrowAsync<Tenantry.Targets.Abstractions.TargetException>(() => rekey.RunAsync(Ct))).Sentence.ShouldContain("Stop the other control planes");
        File.Exists(_folders.NextEngineKey).ShouldBeFalse();
    }

    [Fact]
    public async Task NothingOfADestroyedDataKeyIsLeftInTheFilesOfTheStore()
    {
        await FleetAsync();
        using var keys = await ClaimAsync();
        await new Fleet(_store, _time).AddTenantAsync("bob");
        await Vault(keys).EnsureKeyAsync("tenant:bob", Ct);
        var wrapped = Convert.ToHexString((await _store.FindDataKeyAsync("tenant:bob", Ct))!.Wrapped);
        (await FilesAsync()).ShouldContain(wrapped);

        await _store.DeleteTenantAsync("bob", Ct);

        (await FilesAsync()).ShouldNotContain(wrapped);
    }

    [Fact]
    public async Task AKeyThatTheServiceManagerHandsOverIsUsedAndNoFileIsMade()
    {
        var (handed, other) = (await CredentialAsync(), await CredentialAsync());
        var spec = await FleetAsync();
        string value;
        using (var keys = await ClaimAsync(credential: handed))
            value = await MakeAsync(keys, spec);
        File.Exists(_folders.EngineKey).ShouldBeFalse();

        using (var again = await ClaimAsync(credential: handed))
            (await OpenAsync(again, spec))["token"].ShouldBe(value);

        (await Should.ThrowAsync<EngineKeyException>(() => ClaimAsync(credential: other))).Message.ShouldContain($"another key than {other}");
        (await Should.ThrowAsync<EngineKeyException>(() => ClaimAsync())).Message.ShouldContain("is missing");
        await File.WriteAllTextAsync(other, "not a key");
        (await Should.ThrowAsync<EngineKeyException>(() => ClaimAsync(credential: other))).Message.ShouldContain("is not the engine's key");
    }

    [Fact]
    public async Task AfterARotationTheFileCountsUntilItIsPutInTheCredentialsPlace()
    {
        var handed = await CredentialAsync();
        var spec = await FleetAsync();
        string value;
        using (var keys = await ClaimAsync(credential: handed))
        {
            value = await MakeAsync(keys, spec);
            await Rekey(keys, null).RunAsync(Ct);
        }

        using (var rotated = await ClaimAsync(credential: handed))
            (await OpenAsync(rotated, spec))["token"].ShouldBe(value);
        File.Move(_folders.EngineKey, handed, overwrite: true);
        using var put = await ClaimAsync(credential: handed);
        (await OpenAsync(put, spec))["token"].ShouldBe(value);
    }

    // As systemd shows it with an ACL: its mode tells of a group that has no part in it.
    private async Task<string> CredentialAsync()
    {
        var path = Path.Combine(_folders.Root, Guid.NewGuid().ToString("N"));
        using var key = System.Security.Cryptography.ECDiffieHellman.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(path, key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        return path;
    }

    private async Task<InstanceSpec> FleetAsync()
    {
        var fleet = new Fleet(_store, _time);
        await fleet.SetUpAsync();
        return await fleet.AddInstanceAsync("alice");
    }

    private Task<EngineKeyRing> ClaimAsync(bool accept = false, string? credential = null) => EngineKeyStart.ClaimAsync(_folders, credential, _store, accept, NullLogger.Instance, Ct);

    private SecretVault Vault(EngineKeyRing keys) => new(_store, keys, _time, NullLogger<SecretVault>.Instance);

    private EngineRekey Rekey(EngineKeyRing keys, IRekeyObserver? observer) =>
        new(_store, _folders, keys, _ => Task.FromResult<IReadOnlyList<string>>([]), observer, NullLogger<EngineRekey>.Instance);

    private async Task<string> MakeAsync(EngineKeyRing keys, InstanceSpec spec)
    {
        await Vault(keys).MakeAsync(
            SecretPlace.Of(spec, SecretScope.Instance, "token"), SecretPlace.KeyHolderOf(spec, SecretScope.Instance), new GeneratedSecret { Kind = GeneratedKind.Token, Length = 32 }, Ct);
        return (await OpenAsync(keys, spec))["token"];
    }

    private async Task<Dictionary<string, string>> OpenAsync(EngineKeyRing keys, InstanceSpec spec) => await Vault(keys).OpenAsync(await _store.ListSecretsAsync(spec, Ct), Ct);

    private async Task<List<string>> ReadAsync(EngineKeyRing keys, IEnumerable<InstanceSpec> specs)
    {
        var values = new List<string>();
        foreach (var spec in specs)
            values.Add((await OpenAsync(keys, spec))["token"]);
        return values;
    }

    private async Task<string> FilesAsync()
    {
        var text = "";
        foreach (var file in Directory.GetFiles(_folders.StoreFolder).Where(file => !file.EndsWith("-shm", StringComparison.Ordinal)))
        {
            await using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[open.Length];
            await open.ReadExactlyAsync(bytes);
            text += Convert.ToHexString(bytes);
        }

        return text;
    }

    private sealed class CutAt(int number) : IRekeyObserver
    {
        private int _seen;

        public void Boundary()
        {
            if (++_seen == number)
                throw new CutOffException();
        }
    }

    private sealed class Does(Func<Task> what) : IRekeyObserver
    {
        public void Boundary() => what().GetAwaiter().GetResult();
    }

    private sealed class CutOffException : Exception;
}
