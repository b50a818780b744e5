using System.Text;

namespace Tenantry.Server.Serving;

/// <summary><c>addresses.json</c>: where the web side of this data folder listens.</summary>
internal static class AddressesFile
{
    public static async Task WriteAsync(string path, ServeAddresses addresses, CancellationToken cancellationToken)
    {
        var draft = path + ".new";
        await using (var file = new FileStream(draft, FileMode.Create, FileAccess.Write))
        {
            await file.WriteAsync(Encoding.UTF8.GetBytes(addresses.ToJson() + "\n"), cancellationToken);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }
}
