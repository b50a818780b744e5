using System.Runtime.CompilerServices;
using System.Text.Json;
using Tenantry.Model.Wire;
using Tenantry.Server.Events;
using Tenantry.Server.Store;

namespace Tenantry.Server.Operations;

/// <summary>Sends an operation at once and with each change of it, until it is finished.</summary>
internal static class OperationWatch
{
    public static async IAsyncEnumerable<StreamEvent> RunAsync(string id, IStore store, ChangeFeed feed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = "";
        for (var number = 1L; ;)
        {
            // Taken before the operation is read: a change that comes between the two is then not slept over.
            var change = feed.NextChange;
            var operation = await store.FindOperationAsync(id, cancellationToken);
            if (operation is null)
                yield break;
            var response = OperationResponse.Of(operation);
            var json = JsonSerializer.Serialize(response, WireJson.Options);
            if (json != last)
                yield return new StreamEvent(number++, "operation", last = json);
            if (response.IsFinished)
                yield break;
            await change.WaitAsync(cancellationToken);
        }
    }
}
