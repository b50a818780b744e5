using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>Archives of build inputs, by digest, in pieces: a database need not hold one whole in memory.</summary>
internal static class SourceRows
{
    private const int PieceBytes = 1 << 20;
    private const long MicrosWithoutRelease = 24L * 60 * 60 * 1_000_000;

    /// <summary>Writes it when it is not there. Of two who write the same at once one waits for the other.</summary>
    public static async Task<bool> PutAsync(Session session, string digest, Stream archive, CancellationToken cancellationToken)
    {
        // A release is applied soon after its inputs were sent, or never.
        await session.ExecuteAsync(
            "DELETE FROM sources WHERE created_at < @before AND digest <> @digest AND digest NOT IN (SELECT inputs_digest FROM releases)",
            new { before = session.NowMicros - MicrosWithoutRelease, digest });
        var isNew = await session.ExecuteAsync(
            "INSERT INTO sources (digest, created_at) VALUES (@digest, @now) ON CONFLICT (digest) DO NOTHING", new { digest, now = session.NowMicros }) > 0;
        if (!isNew)
            return false;
        // The transaction may be tried again.
        archive.Position = 0;
        var buffer = new byte[PieceBytes];
        for (var number = 0L; await archive.ReadAtLeastAsync(buffer, PieceBytes, throwOnEndOfStream: false, cancellationToken) is > 0 and var count; number++)
        {
            await session.ExecuteAsync(
                "INSERT INTO source_pieces (digest, number, bytes) VALUES (@digest, @number, @bytes)", new { digest, number, bytes = buffer[..count] });
        }

        return true;
    }

    public static async Task<bool> HasAsync(Session session, string digest) =>
        await session.FirstAsync<string>("SELECT digest FROM sources WHERE digest = @digest", new { digest }) is not null;

    public static async Task<bool> ReadAsync(Session session, string digest, Stream output, CancellationToken cancellationToken)
    {
        if (!await HasAsync(session, digest))
            return false;
        for (var number = 0L; await session.FirstAsync<byte[]>("SELECT bytes FROM source_pieces WHERE digest = @digest AND number = @number", new { digest, number }) is { } bytes; number++)
            await output.WriteAsync(bytes, cancellationToken);
        return true;
    }

    /// <summary>Digests of the inputs of releases; of those of one app, or of all.</summary>
    public static Task<IReadOnlyList<string>> ListUsedAsync(Session session, string? app) => session.ListAsync<string>(
        $"SELECT DISTINCT inputs_digest FROM releases WHERE inputs_digest <> ''{(app is null ? "" : " AND app = @app")}", new { app });

    /// <summary>Removes those of the digests that no release is built from any more.</summary>
    public static async Task RemoveUnusedAsync(Session session, IReadOnlyList<string> digests)
    {
        foreach (var digest in digests)
            await session.ExecuteAsync("DELETE FROM sources WHERE digest = @digest AND NOT EXISTS (SELECT 1 FROM releases r WHERE r.inputs_digest = @digest)", new { digest });
    }
}
