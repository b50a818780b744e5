using System.Formats.Tar;
using System.Text;
using Tenantry.Model.Builds;
using Tenantry.Server.Sources;

namespace Tenantry.Server.Tests.Sources;

public sealed class SourceArchiveTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("tenantry-sources-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    private Task<Server.Store.IStore> StoreAsync() => Server.Store.StoreFactory.OpenAsync("sqlite", new DataFolders(root), TimeProvider.System, CancellationToken.None);

    [Fact]
    public async Task WhatWasSentIsUnpackedForTheBuild()
    {
        var folders = new DataFolders(root);
        using var archive = Tar(File("package.json", "{}"), File("bin/run", "#!/bin/sh", executable: true), Link("current", "bin/run"));
        var digest = InputsDigest.Of(await SourceArchive.ReadAsync(archive, null, default));
        archive.Position = 0;
        await using var store = await StoreAsync();
        var uploads = new SourceUploads(folders, store, isShared: false);
        (await uploads.HasAsync(digest, default)).ShouldBeFalse();
        await uploads.PutAsync(digest, archive, default);
        (await uploads.HasAsync(digest, default)).ShouldBeTrue();
        (await store.HasSourceAsync(digest, default)).ShouldBeFalse("one control plane needs it once");
        Directory.CreateDirectory(folders.Sources);
        var inputs = await new SourceFolders(folders, store).OpenAsync(digest, default);
        inputs.Paths.ShouldBe(["bin/run", "current", "package.json"]);
        (await System.IO.File.ReadAllTextAsync(Path.Combine(inputs.Folder, "current"))).ShouldBe("#!/bin/sh");
        System.IO.File.GetUnixFileMode(Path.Combine(inputs.Folder, "bin/run")).HasFlag(UnixFileMode.UserExecute).ShouldBeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnArchiveWithAnotherDigestIsNotKept(bool isShared)
    {
        await using var store = await StoreAsync();
        var uploads = new SourceUploads(new DataFolders(root), store, isShared);
        var digest = "sha256:" + new string('a', 64);
        using var archive = Tar(File("a", "b"));
        await Should.ThrowAsync<SourceArchiveException>(() => uploads.PutAsync(digest, archive, default));
        (await uploads.HasAsync(digest, default)).ShouldBeFalse();
        Directory.GetFiles(new DataFolders(root).Uploads).ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatTheWebSideChangedOnDiskIsNotBuilt()
    {
        var folders = new DataFolders(root);
        using var archive = Tar(File("a", "good"));
        var digest = InputsDigest.Of(await SourceArchive.ReadAsync(archive, null, default));
        Directory.CreateDirectory(folders.Uploads);
        Directory.CreateDirectory(folders.Sources);
        await System.IO.File.WriteAllBytesAsync(SourceUploads.PathOf(folders, digest), Tar(File("a", "evil")).ToArray());
        await using var store = await StoreAsync();
        var refusal = await Should.ThrowAsync<SourceArchiveException>(() => new SourceFolders(folders, store).OpenAsync(digest, default));
        refusal.Message.ShouldContain("changed on disk");
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("a//b")]
    public async Task APathThatLeavesIsRefused(string path)
    {
        using var archive = Tar(File(path, "x"));
        await Should.ThrowAsync<SourceArchiveException>(() => SourceArchive.ReadAsync(archive, root, default));
    }

    [Theory]
    [InlineData("link", "/etc/passwd")]
    [InlineData("link", "../x")]
    [InlineData("a/link", "../../x")]
    public async Task ALinkThatLeavesIsRefused(string path, string target)
    {
        using var archive = Tar(Link(path, target));
        await Should.ThrowAsync<SourceArchiveException>(() => SourceArchive.ReadAsync(archive, root, default));
    }

    [Fact]
    public async Task LinksThatLeadOutsideThroughEachOtherAreRefused()
    {
        using var archive = Tar(File("a/b/file", "x"), Link("a/b/up", "../.."), Link("out", "a/b/up/../etc"));
        (await Should.ThrowAsync<SourceArchiveException>(() => SourceArchive.ReadAsync(archive, null, default))).Message.ShouldContain("'out'");
    }

    [Fact]
    public async Task LinksThatGoRoundAreUnpackedAndNotFollowed()
    {
        var folders = new DataFolders(root);
        using var archive = Tar(Link("a", "."), Link("b", "."), Link("c", "sub"), File("sub/x", "x"));
        var digest = InputsDigest.Of(await SourceArchive.ReadAsync(archive, null, default));
        archive.Position = 0;
        await using var store = await StoreAsync();
        await new SourceUploads(folders, store, isShared: false).PutAsync(digest, archive, default);
        Directory.CreateDirectory(folders.Sources);
        (await new SourceFolders(folders, store).OpenAsync(digest, default)).Paths.ShouldBe(["a", "b", "c", "sub/x"]);
    }

    [Fact]
    public async Task AReleaseThatTheWebSideChangedLeadsToNoFolderOfTheHost()
    {
        var folders = new DataFolders(root);
        Directory.CreateDirectory(folders.Sources);
        var outside = Directory.CreateDirectory(Path.Combine(root, "outside")).FullName;
        await System.IO.File.WriteAllTextAsync(Path.Combine(outside, "backup"), "root's alone");
        await using var store = await StoreAsync();
        var sources = new SourceFolders(folders, store);
        foreach (var digest in new[] { outside, $"sha256:{outside}", $"sha256:{Path.GetRelativePath(folders.Sources, outside)}", "sha256:.." })
            (await Should.ThrowAsync<SourceArchiveException>(() => sources.OpenAsync(digest, default))).Message.ShouldContain(digest);
    }

    [Fact]
    public async Task NothingIsWrittenThroughALink()
    {
        var inside = Directory.CreateDirectory(Path.Combine(root, "inside")).FullName;
        using var archive = Tar(Link("a/l", ".."), Link("b", "a/l/.."), File("b/evil", "x"));
        await Should.ThrowAsync<SourceArchiveException>(() => SourceArchive.ReadAsync(archive, inside, default));
        System.IO.File.Exists(Path.Combine(root, "evil")).ShouldBeFalse();
    }

    [Fact]
    public async Task WhatIsNotATarIsRefused()
    {
        using var garbage = new MemoryStream(Encoding.ASCII.GetBytes(new string('x', 3000)));
        await Should.ThrowAsync<SourceArchiveException>(() => SourceArchive.ReadAsync(garbage, null, default));
    }

    [Fact]
    public async Task ADeviceIsRefused()
    {
        using var archive = Tar(new PaxTarEntry(TarEntryType.CharacterDevice, "null") { DeviceMajor = 1, DeviceMinor = 3 });
        await Should.ThrowAsync<SourceArchiveException>(() => SourceArchive.ReadAsync(archive, root, default));
    }

    internal static PaxTarEntry File(string path, string text, bool executable = false) => new(TarEntryType.RegularFile, path)
    {
        DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
        Mode = executable ? (UnixFileMode)0b111_101_101 : (UnixFileMode)0b110_100_100,
    };

    private static PaxTarEntry Link(string path, string target) => new(TarEntryType.SymbolicLink, path) { LinkName = target };

    internal static MemoryStream Tar(params TarEntry[] entries)
    {
        var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var entry in entries)
                tar.WriteEntry(entry);
        }

        stream.Position = 0;
        return stream;
    }
}
