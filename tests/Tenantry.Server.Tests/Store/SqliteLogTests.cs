namespace Tenantry.Server.Tests.Store;

/// <summary>What waits for the disk, seen from SQLite's files.</summary>
public sealed class SqliteLogTests() : StoreTests(new SqlitePlace())
{
    private const int PageInLog = 4096 + 24;
    private const int MostPages = 1000;

    [Fact]
    public async Task ClaimsOfInstancesWaitForNoDiskAndLeaveTheLogToTheNextLastingWrite()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var length = TimeSpan.FromSeconds(30);
        var written = DatabaseOf().LastWriteTimeUtc;
        for (var claim = 0; LogOf().Length <= 2 * MostPages * PageInLog; claim++)
        {
            claim.ShouldBeLessThan(4000, "the log was brought into the database, which waits for the disk, while nothing lasting was written");
            (await Store.ClaimInstancesAsync([spec.Id], $"here/{claim}", length, Ct)).ShouldHaveSingleItem();
            Time.Advance(length);
        }

        DatabaseOf().LastWriteTimeUtc.ShouldBe(written);
        await Store.EnsureOrganizationAsync("lasting", Ct);
        DatabaseOf().LastWriteTimeUtc.ShouldBeGreaterThan(written, "a write that waits for the disk brings the log in");
        await Store.ClaimInstancesAsync([spec.Id], "here/last", length, Ct);
        await using var again = await OpenAsync();
        (await again.ClaimInstancesAsync([spec.Id], "there/1", length, Ct)).ShouldBeEmpty("the claim is there for everybody at once");
    }

    private FileInfo LogOf() => new(Directory.EnumerateFiles(Place.Folders.Root, "*-wal", SearchOption.AllDirectories).Single());

    private FileInfo DatabaseOf() => new(LogOf().FullName[..^"-wal".Length]);
}
