namespace Tenantry.Server.Serving;

/// <summary>What <c>addresses.json</c> says, at most a second old.</summary>
internal sealed class RecentAddresses(string path, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private volatile Reading? last;

    public ServeAddresses? Read()
    {
        if (last is { } known && time.GetElapsedTime(known.At) < Fresh)
            return known.Addresses;
        var reading = new Reading(AddressesFile.Read(path), time.GetTimestamp());
        last = reading;
        return reading.Addresses;
    }

    private sealed record Reading(ServeAddresses? Addresses, long At);
}
