import { useQuery } from '@tanstack/react-query';
import type { TorrentDetails } from '@/api';
import { detailsOf } from '../api/details';

/** A torrent's details, once; for dialogs. */
export function useTorrentDetails(id: string | null): TorrentDetails | undefined {
  const { data } = useQuery({
    queryKey: ['torrent', id],
    queryFn: () => detailsOf(id ?? ''),
    enabled: id !== null,
    staleTime: 0,
    gcTime: 0,
  });
  return data;
}
