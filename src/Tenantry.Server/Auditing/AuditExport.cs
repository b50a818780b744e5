using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Store;

namespace Tenantry.Server.Auditing;

/// <summary>The whole audit as JSON lines that can be verified without the store: each row with its hash, and where the chain ends.</summary>
public sealed class AuditExport : IResult
{
    public const string ContentType = "application/jsonl";
    private const int AtOnce = 500;
    private readonly IStore store;

    internal AuditExport(IStore store) => this.store = store;

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var cancellationToken = httpContext.RequestAborted;
        httpContext.Response.ContentType = ContentType;
        httpContext.Response.Headers.ContentDisposition = "attachment; filename=\"audit.jsonl\"";
        // Rows that are appended meanwhile are left for the next one.
        var head = await store.ReadAuditHeadAsync(cancellationToken);
        for (var last = 0L; last < head.Sequence;)
        {
            var rows = await store.ReadAuditAsync(last, (int)Math.Min(AtOnce, head.Sequence - last), cancellationToken);
            foreach (var row in rows.Where(row => row.Sequence <= head.Sequence))
                await WriteAsync(httpContext, Line(row));
            if (rows.Count == 0)
                break;
            last = rows[^1].Sequence;
        }

        await WriteAsync(httpContext, JsonSerializer.SerializeToUtf8Bytes(new AuditExportEnd(head.Sequence, head.Hash, store.Owner), WireJson.Options));
    }

    /// <summary>Looks for changed, missing and reordered lines: null when the export is whole, otherwise the sentence that names the first bad one.</summary>
    public static async Task<string?> VerifyAsync(TextReader export, CancellationToken cancellationToken)
    {
        var walk = new AuditWalk();
        for (var number = 1; await export.ReadLineAsync(cancellationToken) is { } line; number++)
        {
            try
            {
                if (line.Contains("\"endHash\"", StringComparison.Ordinal) && JsonSerializer.Deserialize<AuditExportEnd>(line, WireJson.Options) is { EndHash: not null } end)
                {
                    return await export.ReadLineAsync(cancellationToken) is { Length: > 0 }
                        ? $"Line {number + 1} is behind the end of the export."
                        : walk.End(end.EndSequence, end.EndHash);
                }

                if (walk.Add(Row(JsonSerializer.Deserialize<AuditExportRow>(line, WireJson.Options)!)) is { } bad)
                    return bad;
            }
            catch (Exception mistake) when (mistake is JsonException or NullReferenceException or ArgumentException or OverflowException)
            {
                return $"Line {number} is no row of an audit.";
            }
        }

        return "The export ends before its last line: it was cut off.";
    }

    private static byte[] Line(AuditRow row) => JsonSerializer.SerializeToUtf8Bytes(
        new AuditExportRow(
            row.Sequence, StoreTime.ToMicros(row.Entry.At), row.Entry.Actor, row.Entry.Action, row.Entry.Subject, row.Entry.Outcome, row.Entry.Detail, row.Entry.RequestId,
            row.Entry.Through, row.Entry.Changes, row.PreviousHash, row.Hash)
        { Organization = row.Entry.Organization },
        WireJson.Options);

    private static AuditRow Row(AuditExportRow line) => new(
        line.Sequence,
        new AuditEntry(line.Actor, line.Action, line.Subject, line.Outcome, line.Detail, line.RequestId, StoreTime.FromMicros(line.Micros)) { Through = line.Through, Changes = line.Changes, Organization = line.Organization ?? "" },
        line.PreviousHash,
        line.Hash);

    private static async Task WriteAsync(HttpContext context, byte[] line)
    {
        await context.Response.BodyWriter.WriteAsync(line, context.RequestAborted);
        await context.Response.BodyWriter.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
    }
}
