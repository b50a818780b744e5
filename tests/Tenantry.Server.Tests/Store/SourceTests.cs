using Tenantry.Model.Builds;
using Tenantry.Server.Sources;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Sources;

namespace Tenantry.Server.Tests.Store;

/// <summary>Build inputs in a store that several engines share.</summary>
public abstract class SourceTests(IStorePlace place) : StoreTests(place)
{
    private static readonly string Digest = "sha256:" + new string('a', 64);

    [Fact]
    public async Task AnArchiveOfSeveralPiecesComesBackAsItWas()
    {
        var bytes = new byte[(2 << 20) + 17];
        new Random(7).NextBytes(bytes);

        (await Store.PutSourceAsync(Digest, new MemoryStream(bytes), Ct)).ShouldBeTrue();
        (await Store.PutSourceAsync(Digest, new MemoryStream([1]), Ct)).ShouldBeFalse("it is there already");

        using var read = new MemoryStream();
        (await Store.ReadSourceAsync(Digest, read, Ct)).ShouldBeTrue();
        read.ToArray().ShouldBe(bytes);
        (await Store.HasSourceAsync("sha256:" + new string('b', 64), Ct)).ShouldBeFalse();
        (await Store.ReadSourceAsync("sha256:" + new string('b', 64), read, Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task AnArchiveThatBreaksOffIsNotKept()
    {
        await Should.ThrowAsync<IOException>(() => Store.PutSourceAsync(Digest, new BreakingStream(3 << 20), Ct));
        (await Store.HasSourceAsync(Digest, Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task ItGoesWithTheLastReleaseThatIsBuiltFromIt()
    {
        await Store.PutSourceAsync(Digest, new MemoryStream([1, 2, 3]), Ct);
        await Store.ApplyReleaseAsync(Fleet.NewRelease("shop-1") with { InputsDigest = Digest }, Ct);
        await Store.ApplyReleaseAsync(Fleet.NewRelease("other-1", app: "other") with { InputsDigest = Digest }, Ct);
        (await Store.ListUsedSourcesAsync(Ct)).ShouldBe([Digest]);

        await Store.DeleteAppAsync("shop", Ct);
        (await Store.HasSourceAsync(Digest, Ct)).ShouldBeTrue("another app is built from it");
        await Store.DeleteAppAsync("other", Ct);
        (await Store.HasSourceAsync(Digest, Ct)).ShouldBeFalse();
        (await Store.ListUsedSourcesAsync(Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatNoReleaseWasMadeOfGoesAfterADay()
    {
        await Store.PutSourceAsync(Digest, new MemoryStream([1]), Ct);
        var second = "sha256:" + new string('c', 64);
        await Store.PutSourceAsync(second, new MemoryStream([2]), Ct);
        (await Store.HasSourceAsync(Digest, Ct)).ShouldBeTrue();

        Time.Advance(TimeSpan.FromHours(25));
        await Store.PutSourceAsync("sha256:" + new string('d', 64), new MemoryStream([3]), Ct);

        (await Store.HasSourceAsync(Digest, Ct)).ShouldBeFalse();
        (await Store.HasSourceAsync(second, Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task WhatWasSentToOneControlPlaneIsBuiltByTheEngineOfAnother()
    {
        using var here = new Folder();
        using var there = new Folder();
        using var archive = SourceArchiveTests.Tar(SourceArchiveTests.File("package.json", "{}"), SourceArchiveTests.File("bin/run", "#!/bin/sh", executable: true));
        var digest = InputsDigest.Of(await SourceArchive.ReadAsync(archive, null, Ct));
        archive.Position = 0;
        var uploads = new SourceUploads(here.Folders, Store, isShared: true);
        await uploads.PutAsync(digest, archive, Ct);
        await Store.ApplyReleaseAsync(Fleet.NewRelease("shop-1") with { InputsDigest = digest }, Ct);
        (await uploads.HasAsync(digest, Ct)).ShouldBeTrue();
        Directory.GetFileSystemEntries(here.Folders.Uploads).ShouldBeEmpty("it is in the store once, and nowhere else");

        var inputs = await new SourceFolders(there.Folders, Store).OpenAsync(digest, Ct);

        inputs.Paths.ShouldBe(["bin/run", "package.json"]);
        File.GetUnixFileMode(Path.Combine(inputs.Folder, "bin/run")).HasFlag(UnixFileMode.UserExecute).ShouldBeTrue();
        Directory.GetFiles(there.Folders.Sources).ShouldBeEmpty("the archive itself is not kept beside what was unpacked");
    }

    [Fact]
    public async Task WhatSomebodyChangedInTheStoreIsNotBuilt()
    {
        using var there = new Folder();
        using var good = SourceArchiveTests.Tar(SourceArchiveTests.File("a", "good"));
        var digest = InputsDigest.Of(await SourceArchive.ReadAsync(good, null, Ct));
        await Store.PutSourceAsync(digest, SourceArchiveTests.Tar(SourceArchiveTests.File("a", "evil")), Ct);

        var refusal = await Should.ThrowAsync<SourceArchiveException>(() => new SourceFolders(there.Folders, Store).OpenAsync(digest, Ct));

        refusal.Message.ShouldContain("changed in the store");
    }

    [Fact]
    public async Task FoldersOfReleasesThatAreGoneAreRemovedWithTheNextBuild()
    {
        using var there = new Folder();
        var sources = new SourceFolders(there.Folders, Store);
        var digests = new List<string>();
        foreach (var text in (string[])["one", "two"])
        {
            using var archive = SourceArchiveTests.Tar(SourceArchiveTests.File("a", text));
            digests.Add(InputsDigest.Of(await SourceArchive.ReadAsync(archive, null, Ct)));
            archive.Position = 0;
            await Store.PutSourceAsync(digests[^1], archive, Ct);
            await Store.ApplyReleaseAsync(Fleet.NewRelease(text, app: text) with { InputsDigest = digests[^1] }, Ct);
        }

        var first = await sources.OpenAsync(digests[0], Ct);
        await Store.DeleteAppAsync("one", Ct);
        await sources.OpenAsync(digests[1], Ct);

        Directory.Exists(first.Folder).ShouldBeFalse();
        await Should.ThrowAsync<SourceArchiveException>(() => sources.OpenAsync(digests[0], Ct));
    }

    private sealed class Folder : IDisposable
    {
        public Folder() => Directory.CreateDirectory(Folders.Sources);

        public DataFolders Folders { get; } = new(Directory.CreateTempSubdirectory("tenantry-sources-").FullName);

        public void Dispose() => Directory.Delete(Folders.Root, recursive: true);
    }

    // Zeros, and then a broken connection.
    private sealed class BreakingStream(long bytes) : MemoryStream
    {
        private long left = bytes;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (left <= 0)
                throw new IOException("cut");
            var count = (int)Math.Min(left, buffer.Length);
            left -= count;
            return ValueTask.FromResult(count);
        }
    }
}

public sealed class SqliteSourceTests() : SourceTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresSourceTests(PostgresServer server) : SourceTests(new PostgresPlace(server));
