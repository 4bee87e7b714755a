import { getHistory, getStatistics as getStatisticsCall, type HistorySpan } from '@/api';
import { answer } from '@/lib/problem';

export const getStatistics = () => answer(getStatisticsCall());
export const historyOf = (span: HistorySpan) => answer(getHistory({ query: { span } }));
