using Tenantry.Server.Sleeping;
using Tenantry.Server.Tests.Serving;

namespace Tenantry.Server.Tests.Sleeping;

public class AdmissionTests
{
    [Fact]
    public async Task TheOldestRequestGoesFirstWheneverItAsked()
    {
        var admission = new Admission();
        var order = new List<int>();
        await admission.EnterAsync(1, 0, CancellationToken.None);
        var waiting = ((int[])[30, 10, 20, 10]).Select((since, number) => WaitAsync(admission, since, () => order.Add((since * 10) + number))).ToList();

        for (var left = 4; left >= 0; left--)
        {
            admission.Waiting.ShouldBe(left);
            admission.Leave(1);
            await Waiting.ForAsync(() => order.Count >= Math.Min(4, 5 - left), 1);
        }

        await Task.WhenAll(waiting).SoonAsync();
        order.ShouldBe([101, 103, 202, 300]);
    }

    [Fact]
    public async Task OneThatGivesUpMakesRoomForTheNext()
    {
        var admission = new Admission();
        using var leaving = new CancellationTokenSource();
        await admission.EnterAsync(1, 0, CancellationToken.None);
        var gone = admission.EnterAsync(1, 1, leaving.Token);
        var next = admission.EnterAsync(1, 2, CancellationToken.None);

        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => gone);
        next.IsCompleted.ShouldBeFalse();
        admission.Leave(1);

        await next.SoonAsync();
        admission.Waiting.ShouldBe(0);
    }

    private static async Task WaitAsync(Admission admission, long since, Action done)
    {
        await admission.EnterAsync(1, since, CancellationToken.None);
        done();
    }
}
