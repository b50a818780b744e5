using System.Text;
using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Aws.Storage;

/// <summary>Records, states and locks of instances.</summary>
internal sealed class InstanceStore(IBlobs blobs)
{
    internal IBlobs Blobs => blobs;

    internal async Task<AwsRecord?> FindAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        AwsRecord.Read(await blobs.GetAsync(RecordKey(instance.Owner, instance.Id), cancellationToken));

    /// <summary>Writes a record. The workspace is claimed for it first: one that is another instance's is refused.</summary>
    internal async Task WriteAsync(AwsRecord record, CancellationToken cancellationToken)
    {
        var claim = $"{record.Owner}/{record.Id}";
        var isNew = await blobs.PutNewAsync(ClaimKey(record.Workspace), Encoding.UTF8.GetBytes(claim), cancellationToken);
        var present = isNew ? claim : Encoding.UTF8.GetString(await blobs.GetAsync(ClaimKey(record.Workspace), cancellationToken) ?? []);
        if (present != claim)
            throw new TargetException($"The workspace {record.Workspace} belongs to another instance ({present}).", retryable: false, AwsNames.Instance(record.Ref), "Choose another slug or environment, or delete that instance first.");
        await blobs.PutAsync(RecordKey(record.Owner, record.Id), record.Write(), cancellationToken);
    }

    internal async Task<TerraformState> ReadStateAsync(string workspace, CancellationToken cancellationToken)
    {
        try
        {
            return await blobs.GetAsync(blobs.StateKey(workspace), cancellationToken) is { Length: > 0 } bytes ? TerraformState.Read(bytes) : TerraformState.Nothing;
        }
        catch (JsonException error)
        {
            throw new TargetException($"The state of {workspace} cannot be read: {error.Message}", retryable: false, fix: "Bring an older version of it back; the bucket should keep versions.", cause: error);
        }
    }

    internal async Task<StateLock?> ReadLockAsync(string workspace, CancellationToken cancellationToken) =>
        blobs.LockKey(workspace) is { } key && await blobs.GetAsync(key, cancellationToken) is { } bytes ? StateLock.Read(bytes) : null;

    /// <summary>What is there for whichever instance has that workspace, and not yet any instance's; null when nothing is.</summary>
    internal async Task<AwsRecord?> FindOfferAsync(string workspace, CancellationToken cancellationToken) => AwsRecord.Read(await blobs.GetAsync(OfferKey(workspace), cancellationToken));

    /// <summary>Keeps what is there for its instance. The state comes first, where none is yet: an offer without it would have everything made anew.</summary>
    internal async Task OfferAsync(AwsRecord offer, ReadOnlyMemory<byte> state, CancellationToken cancellationToken)
    {
        if (await blobs.GetAsync(ClaimKey(offer.Workspace), cancellationToken) is { } claim)
            throw new TargetException($"The workspace {offer.Workspace} is an instance's already ({Encoding.UTF8.GetString(claim)}).", retryable: false);
        var isNew = await blobs.PutNewAsync(blobs.StateKey(offer.Workspace), state, cancellationToken);
        if (!isNew && !(await blobs.GetAsync(blobs.StateKey(offer.Workspace), cancellationToken)).AsSpan().SequenceEqual(state.Span))
            throw new TargetException($"There is another state of {offer.Workspace} already.", retryable: false, fix: $"Look at {blobs.StateKey(offer.Workspace)} where the target keeps its states, and remove it when nothing is in it.");
        await blobs.PutAsync(OfferKey(offer.Workspace), offer.Write(), cancellationToken);
    }

    internal Task ForgetOfferAsync(string workspace, CancellationToken cancellationToken) => blobs.DeleteAsync(OfferKey(workspace), cancellationToken);

    /// <summary>Removes all that is known of an instance, its record last.</summary>
    internal async Task ForgetAsync(AwsRecord record, CancellationToken cancellationToken)
    {
        if (blobs.LockKey(record.Workspace) is { } held)
            await blobs.DeleteAsync(held, cancellationToken);
        await blobs.DeleteAsync(blobs.StateKey(record.Workspace), cancellationToken);
        await blobs.DeleteAsync(ClaimKey(record.Workspace), cancellationToken);
        await blobs.DeleteAsync(RecordKey(record.Owner, record.Id), cancellationToken);
    }

    internal async Task<IReadOnlyList<AwsRecord>> ListAsync(string owner, CancellationToken cancellationToken)
    {
        var records = new List<AwsRecord>();
        foreach (var key in await blobs.ListAsync($"records/{owner}/", cancellationToken))
        {
            if (AwsRecord.Read(await blobs.GetAsync(key, cancellationToken)) is { } record)
                records.Add(record);
        }

        return records;
    }

    private static string RecordKey(string owner, string id) => $"records/{owner}/{id}.json";

    private static string OfferKey(string workspace) => $"offers/{workspace}.json";

    private static string ClaimKey(string workspace) => $"claims/{workspace}";
}
