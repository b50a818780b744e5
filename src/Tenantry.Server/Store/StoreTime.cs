namespace Tenantry.Server.Store;

/// <summary>Times in the store are whole microseconds since 1970, UTC: sortable, the same in both databases.</summary>
internal static class StoreTime
{
    public static long ToMicros(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public static long? ToMicros(DateTimeOffset? time) => time is { } t ? ToMicros(t) : null;

    public static DateTimeOffset FromMicros(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);

    public static DateTimeOffset? FromMicros(long? micros) => micros is { } m ? FromMicros(m) : null;
}
