namespace Tenantry.Server.Store;

/// <summary>Times in the store are whole microseconds since 1970, UTC: sortable, the same in both databases.</summary>
internal static class StoreTime
{
    public static long ToMicros(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public static long? ToMicros(DateTimeOffset? time) => time is { } t ? ToMicros(t) : null;

    /// <exception cref="ArgumentOutOfRangeException">No time that was written.</exception>
    /// <exception cref="OverflowException">The same.</exception>
    public static DateTimeOffset FromMicros(long micros) => DateTimeOffset.UnixEpoch.AddTicks(checked(micros * TimeSpan.TicksPerMicrosecond));

    public static DateTimeOffset? FromMicros(long? micros) => micros is { } m ? FromMicros(m) : null;
}
