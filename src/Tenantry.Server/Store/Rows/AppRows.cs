using Tenantry.Model.Apps;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class AppRows
{
    private const string AppColumns = "name, release, version, created_at, updated_at";
    private const string ReleaseColumns = "id, app, version, manifest_digest, inputs_digest, manifest, created_at";

    public static async Task<AppliedRelease> ApplyAsync(Session session, Release release)
    {
        // The row is made first and locked: two who apply releases of one app follow each other.
        var isNewApp = await session.ExecuteAsync(
            """
            INSERT INTO apps (name, release, version, created_at, updated_at) VALUES (@App, @Id, 1, @now, @now)
            ON CONFLICT (name) DO NOTHING
            """,
            new { release.App, release.Id, now = session.NowMicros }) > 0;
        var before = (await FindRowAsync(session, release.App, session.Dialect.ForUpdate))!;

        var stored = await FindReleaseAsync(session, release.Id);
        if (stored is not null && stored.App != release.App)
            throw new StoreConflictException($"The release '{release.Id}' belongs to the app '{stored.App}'.");
        if (stored is null)
            await InsertReleaseAsync(session, release);

        var changed = isNewApp || before.Release != release.Id;
        if (changed && !isNewApp)
        {
            await session.ExecuteAsync(
                "UPDATE apps SET release = @Id, version = version + 1, updated_at = @now WHERE name = @App",
                new { release.App, release.Id, now = session.NowMicros });
        }
        if (changed || stored is null)
            session.Changed("app", release.App, isNewApp ? "created" : "updated");
        var app = (await FindAsync(session, release.App))!;
        return new AppliedRelease(app, stored ?? (await FindReleaseAsync(session, release.Id))!, stored is null, changed);
    }

    public static async Task<App?> FindAsync(Session session, string name) => (await FindRowAsync(session, name, ""))?.ToApp();

    public static async Task<Page<App>> ListAsync(Session session, PageRequest page)
    {
        var rows = await session.ListAsync<AppRow>(
            $"SELECT {AppColumns} FROM apps WHERE name > @after ORDER BY name LIMIT @limit",
            new { after = Cursor.Read(page) ?? "", limit = (long)Cursor.Fetch(page) });
        return Cursor.Page(rows, page, row => row.ToApp(), row => row.Name);
    }

    public static async Task<bool> DeleteAsync(Session session, string name)
    {
        if (await FindRowAsync(session, name, session.Dialect.ForUpdate) is null)
            return false;
        if (await session.FirstAsync<string>("SELECT slug FROM instances WHERE app = @name ORDER BY slug LIMIT 1", new { name }) is { } slug)
            throw new StoreConflictException($"The app '{name}' has instances, such as '{slug}'. Remove them first.");
        var inputs = await SourceRows.ListUsedAsync(session, name);
        await SecretRows.ForgetAppAsync(session, name);
        await DataKeyRows.DestroyAsync(session, SecretPlace.KeyHolderOf(SecretScope.App, name));
        await session.ExecuteAsync("DELETE FROM apps WHERE name = @name", new { name });
        await SourceRows.RemoveUnusedAsync(session, inputs);
        session.Changed("app", name, "removed");
        return true;
    }

    public static async Task<Release?> FindReleaseAsync(Session session, string id) =>
        (await session.FirstAsync<ReleaseRow>($"SELECT {ReleaseColumns} FROM releases WHERE id = @id", new { id }))?.ToRelease();

    /// <summary>Newest first.</summary>
    public static async Task<IReadOnlyList<Release>> ListReleasesAsync(Session session, string app)
    {
        var rows = await session.ListAsync<ReleaseRow>(
            $"SELECT {ReleaseColumns} FROM releases WHERE app = @app ORDER BY created_at DESC, id DESC", new { app });
        return [.. rows.Select(row => row.ToRelease())];
    }

    private static Task<AppRow?> FindRowAsync(Session session, string name, string suffix) =>
        session.FirstAsync<AppRow>($"SELECT {AppColumns} FROM apps WHERE name = @name{suffix}", new { name });

    private static Task<int> InsertReleaseAsync(Session session, Release release) => session.ExecuteAsync(
        $"""
        INSERT INTO releases ({ReleaseColumns})
        VALUES (@Id, @App, @Version, @ManifestDigest, @InputsDigest, @Manifest, @CreatedAt)
        """,
        new
        {
            release.Id,
            release.App,
            release.Version,
            release.ManifestDigest,
            release.InputsDigest,
            release.Manifest,
            CreatedAt = StoreTime.ToMicros(release.CreatedAt),
        });

    private sealed record AppRow
    {
        public string Name { get; init; } = "";
        public string Release { get; init; } = "";
        public long Version { get; init; }
        public long CreatedAt { get; init; }
        public long UpdatedAt { get; init; }

        public App ToApp() => new(Name, Release, Version, StoreTime.FromMicros(CreatedAt), StoreTime.FromMicros(UpdatedAt));
    }

    private sealed record ReleaseRow
    {
        public string Id { get; init; } = "";
        public string App { get; init; } = "";
        public string Version { get; init; } = "";
        public string ManifestDigest { get; init; } = "";
        public string InputsDigest { get; init; } = "";
        public string Manifest { get; init; } = "";
        public long CreatedAt { get; init; }

        public Release ToRelease() =>
            new(Id, App, Version, ManifestDigest, InputsDigest, Manifest, StoreTime.FromMicros(CreatedAt));
    }
}
